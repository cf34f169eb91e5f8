/* Where values come from: the order, options, credentials, the session, and variables that steps
 * have set. */
#include "erp-drivers/http/value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/number.h"
#include "common/order/reason.h"
#include "erp-drivers/engine/texts.h"

#define NUMBER_BYTES 160

/* --- JSON as text --- */

static const char *
keep_text(struct attempt *a, char *text)
{
    template_free(a->scratch);
    a->scratch = text;
    return text;
}

static const char *
string_text(struct attempt *a, const char *text)
{
    char plain[NUMBER_BYTES];

    if (*text == JSON_NUMBER_MARK && json_number_plain(text + 1, plain, sizeof plain))
        return keep_text(a, mem_string(plain));
    return text;
}

static const char *
json_text(struct attempt *a, const json_t *value)
{
    char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), *text;

    if (!dumped)
        die_abort("out of memory");
    text = json_number_unmark(dumped);
    template_free(dumped);
    return keep_text(a, text);
}

const char *
value_as_text(struct attempt *a, const json_t *value)
{
    if (!value)
        return NULL;
    if (json_is_null(value))
        return "";
    return json_is_string(value) ? string_text(a, json_string_value(value)) : json_text(a, value);
}

/* --- names --- */

/* {reply.lines.0.id} */
static const json_t *
part_of(const struct attempt *a, const char *name)
{
    const json_t *value = NULL;
    char part[TEMPLATE_NAME_MAX + 1];
    bool first = true;

    for (; *name; first = false) {
        size_t length = strcspn(name, ".");

        text_copy(part, length + 1, name);
        if (first)
            value = strcmp(part, "reply") == 0 ? a->reply.json : json_object_get(a->vars, part);
        else if (json_is_array(value))
            value = isdigit((unsigned char)*part) ? json_array_get(value, strtoul(part, NULL, 10))
                                                  : NULL;
        else
            value = json_object_get(value, part);
        name += length + (name[length] == '.');
    }
    return value;
}

static const char *
value_of(const char *name, void *attempt)
{
    struct attempt *a = attempt;
    const struct texts texts = {a->session->recipe, a->session->options, a->session->url, a->job};
    bool known;
    const char *value = texts_value(&texts, name, &known);

    if (known)
        return value;
    if (strcmp(name, "credentials.basic") == 0)
        return keep_text(a, erp_job_basic(a->job));
    if (strncmp(name, "session.", 8) == 0)
        return json_string_value(json_object_get(a->session->kept, name + 8));
    return value_as_text(a, part_of(a, name));
}

char *
value_string(struct attempt *a, const char *text)
{
    char wrong[TEMPLATE_WRONG_BYTES], words[2 * ORDER_REASON_TEXT_MAX];
    struct misfit misfit;
    char *result = texts_expand(text, value_of, a, &misfit, wrong);
    const char *code;

    if (result)
        return result;
    code = texts_misfit(a->job->order, &misfit, text, words, sizeof words);
    if (code)
        http_attempt_fail(a, code, "%s", words);
    else
        http_attempt_unexpected(a, "\"%s\": %s", text, wrong);
    return NULL;
}

char *
value_text(struct attempt *a, const json_t *text)
{
    return value_string(a, json_string_value(text));
}

const json_t *
value_json(struct attempt *a, const json_t *variable)
{
    const char *text = json_string_value(variable);
    char name[TEMPLATE_NAME_MAX + 1];

    text_copy(name, strlen(text) - 1 < sizeof name ? strlen(text) - 1 : sizeof name, text + 1);
    return part_of(a, name);
}

void
value_set(struct attempt *a, const char *name, json_t *value)
{
    json_object_set_new(a->vars, name, value);
}
