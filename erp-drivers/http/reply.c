/* JSON is what parses as JSON, whatever a header says, unless it says HTML. */
#include "erp-drivers/http/reply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/err.h"
#include "common/json/number.h"
#include "common/json/text.h"
#include "common/template/template.h"
#include "erp-drivers/http/xml.h"

#define HEADER_BYTES 1024

static const char *const type_names[] = {[REPLY_EMPTY] = "empty",
                                         [REPLY_JSON] = "json",
                                         [REPLY_HTML] = "html",
                                         [REPLY_XML] = "xml",
                                         [REPLY_TEXT] = "text"};

const char *
reply_type_name(enum reply_type type)
{
    return type_names[type];
}

void
reply_clear(struct reply *reply)
{
    free(reply->headers);
    template_free(reply->body);
    template_free(reply->request);
    json_decref(reply->json);
    xml_free(reply->xml);
    *reply = (struct reply){.is = false};
}

/* --- headers --- */

static void
copy_value(const char *from, size_t length, char *value, size_t size)
{
    while (length && isspace((unsigned char)*from)) {
        from++;
        length--;
    }
    while (length && isspace((unsigned char)from[length - 1]))
        length--;
    text_copy(value, length < size ? length + 1 : size, from);
}

bool
reply_header(const struct reply *reply, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);

    for (const char *line = reply->headers; line && *line;) {
        size_t end = strcspn(line, "\n");

        if (end > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            copy_value(line + length + 1, end - length - 1, value, size);
            return true;
        }
        line += end + (line[end] == '\n');
    }
    return false;
}

/* --- bodies --- */

static json_t *
parse(const char *body, size_t length)
{
    json_t *json;
    char *text;

    if (!json_text_within(body, length, ERP_REPLY_VALUES_MAX))
        return NULL;
    text = json_number_mark(body, length);
    json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    free(text);
    return json;
}

static bool
begins(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

static enum reply_type
type_of(struct reply *reply, const char *body, size_t length)
{
    const char *first = body + strspn(body, " \t\r\n");
    char type[HEADER_BYTES] = "";

    reply_header(reply, "Content-Type", type, sizeof type);
    if (!*first && strlen(body) == length)
        return REPLY_EMPTY;
    if (strcasestr(type, "html") || begins(first, "<!doctype html") || begins(first, "<html"))
        return REPLY_HTML;
    if (*first == '<') {
        reply->xml = xml_parse(body, length);
        return REPLY_XML;
    }
    if (strlen(body) == length)
        reply->json = parse(body, length);
    return reply->json ? REPLY_JSON : REPLY_TEXT;
}

void
reply_take(struct reply *reply, const struct erp_reply *from)
{
    const char *body = from->body ? from->body : "";

    reply->is = true;
    reply->status = from->status;
    reply->retry_after_ms = from->retry_after_ms;
    reply->headers = mem_string(from->headers ? from->headers : "");
    reply->body = mem_format("%.*s", (int)from->body_length, body);
    reply->type = type_of(reply, body + json_text_mark(body, from->body_length),
                          from->body_length - json_text_mark(body, from->body_length));
}

/* --- parts --- */

/* One token of a pointer, unescaped, to name; returns what is behind it. */
static const char *
take_token(const char *pointer, char *name, size_t size)
{
    size_t used = 0;

    for (; *pointer && *pointer != '/'; pointer++) {
        char sign = *pointer;

        if (sign == '~' && (pointer[1] == '0' || pointer[1] == '1'))
            sign = *++pointer == '0' ? '~' : '/';
        if (used + 1 < size)
            name[used++] = sign;
    }
    name[used] = '\0';
    return pointer;
}

const json_t *
reply_pointer(const json_t *value, const char *pointer)
{
    char name[256], *end;

    while (value && *pointer == '/') {
        pointer = take_token(pointer + 1, name, sizeof name);
        if (json_is_array(value)) {
            size_t index = strtoul(name, &end, 10);

            value = isdigit((unsigned char)*name) && !*end ? json_array_get(value, index) : NULL;
        } else {
            value = json_object_get(value, name);
        }
    }
    return value;
}

char *
reply_between(const char *text, const json_t *between)
{
    const char *before = json_string_value(json_array_get(between, 0));
    const char *after = json_string_value(json_array_get(between, 1));
    const char *from = strstr(text, before), *to;

    if (!from)
        return NULL;
    from += strlen(before);
    to = *after ? strstr(from, after) : from + strlen(from);
    return to ? mem_format("%.*s", (int)(to - from), from) : NULL;
}
