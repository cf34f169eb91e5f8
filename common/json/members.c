#include "common/json/members.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/text_value.h"
#include "common/json/similar.h"

void
json_check_fault(const struct json_location *location, const char *name, const char *format, ...)
{
    char text[513], pointer[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_copy(pointer, sizeof pointer, location->pointer);
    json_pointer_add(pointer, sizeof pointer, name);
    json_fault_add(location->faults, location->file, pointer, "%s", text);
}

static const char *
check_text(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    const char *string = json_string_value(value), *wrong;

    if (!string)
        return "must be a string";
    if (text_has_control(string, strlen(string)))
        return "contains a control character";
    if (*string && text_is_blank(string))
        return "is blank";
    /* A password may be any text that the ERP accepts. */
    wrong = m->kind == JSON_KIND_SECRET ? NULL : text_value_wrong(string, strlen(string));
    if (wrong)
        return wrong;
    if (strlen(string) >= (size_t)m->minimum &&
        (!m->maximum || strlen(string) <= (size_t)m->maximum))
        return NULL;
    if (m->minimum == m->maximum)
        snprintf(text, size, "must be exactly %lld bytes long", (long long)m->minimum);
    else
        snprintf(text, size, "must be %lld to %lld bytes long", (long long)m->minimum,
                 (long long)m->maximum);
    return text;
}

static const char *
check_secret(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    if (json_is_string(value))
        return check_text(m, value, text, size);
    if (!*(json_string_value(json_object_get(value, "sealed")) ?: "") ||
        json_object_size(value) != 1)
        return "must be a string or {\"sealed\": \"…\"}";
    return NULL;
}

static const char *
check_path(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    const char *path = json_string_value(value);

    (void)m;
    (void)text;
    (void)size;
    if (!path || path[0] != '/')
        return "must be an absolute path";
    return strlen(path) >= JSON_PATH_MAX ? "path is too long" : NULL;
}

/* Empty, or a colon and a port. */
static bool
port_sound(const char *text)
{
    size_t length = *text == ':' ? strspn(text + 1, "0123456789") : 0;
    long port = length && length <= 5 ? strtol(text + 1, NULL, 10) : 0;

    return !*text || *text == '/' ||
           (port > 0 && port < 65536 && (!text[1 + length] || text[1 + length] == '/'));
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool
host_sound(const char *host)
{
    size_t length = *host == '[' ? strcspn(host, "]/") : strcspn(host, ":/[]");

    if (*host == '[')
        return host[length] == ']' && length > 1 && port_sound(host + length + 1);
    return length && port_sound(host + length);
}

static const char *
check_url(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    const char *url = json_string_value(value), *host = NULL;

    (void)m;
    (void)text;
    (void)size;
    if (url && strncmp(url, "http://", 7) == 0)
        host = url + 7;
    else if (url && strncmp(url, "https://", 8) == 0)
        host = url + 8;
    if (!host)
        return "must be a URL that starts with http:// or https://";
    for (const unsigned char *p = (const unsigned char *)url; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}?#@", *p))
            return "must not contain spaces, a user, a query or a fragment";
    if (!host_sound(host))
        return "must have a valid host and port";
    return strlen(url) >= JSON_PATH_MAX ? "URL is too long" : NULL;
}

static const char *
check_bool(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    (void)m;
    (void)text;
    (void)size;
    return json_is_boolean(value) ? NULL : "must be true or false";
}

static const char *
check_number(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    double number = json_number_value(value);

    if ((m->kind == JSON_KIND_INTEGER ? json_is_integer(value) : json_is_number(value)) &&
        isfinite(number) && number >= (double)m->minimum && number <= (double)m->maximum)
        return NULL;
    snprintf(text, size, "must be %s from %lld to %lld",
             m->kind == JSON_KIND_INTEGER ? "a whole number" : "a number", (long long)m->minimum,
             (long long)m->maximum);
    return text;
}

static const char *
check_choice(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    const char *string = json_string_value(value);
    size_t used = (size_t)snprintf(text, size, "must be one of");

    for (const char *const *choice = m->choices; *choice; choice++) {
        if (string && strcmp(string, *choice) == 0)
            return NULL;
        used +=
            (size_t)snprintf(text + used, size - used, "%s \"%s\"", choice == m->choices ? "" : ",",
                             strcmp(*choice, "\t") ? *choice : "\\t");
    }
    return text;
}

static const char *
check_object(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    (void)m;
    (void)text;
    (void)size;
    return json_is_object(value) ? NULL : "must be an object";
}

static const char *
check_array(const struct json_member *m, const json_t *value, char *text, size_t size)
{
    (void)m;
    (void)text;
    (void)size;
    return json_is_array(value) ? NULL : "must be an array";
}

/* Each returns what is wrong, or NULL; text is a buffer for the message. */
static const char *(*const checks[])(const struct json_member *, const json_t *, char *, size_t) = {
    [JSON_KIND_TEXT] = check_text,      [JSON_KIND_PATH] = check_path,
    [JSON_KIND_URL] = check_url,        [JSON_KIND_SECRET] = check_secret,
    [JSON_KIND_BOOL] = check_bool,      [JSON_KIND_INTEGER] = check_number,
    [JSON_KIND_SECONDS] = check_number, [JSON_KIND_CHOICE] = check_choice,
    [JSON_KIND_OBJECT] = check_object,  [JSON_KIND_ARRAY] = check_array};

static const struct json_member *
member_find(const struct json_member *members, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

static void
unknown_member(const struct json_location *location, const char *name,
               const struct json_member *members, size_t count)
{
    struct similar similar = {.word = name};

    for (size_t i = 0; i < count; i++)
        similar_try(&similar, members[i].name);
    if (similar.best)
        json_check_fault(location, name, "unknown member: did you mean \"%s\"?", similar.best);
    else
        json_check_fault(location, name, "unknown member");
}

bool
json_check_members(const json_t *object, const struct json_member *members, size_t count,
                   const struct json_location *location)
{
    size_t before = location->faults->count;
    const char *name, *wrong;
    json_t *value;
    char text[256];

    json_object_foreach((json_t *)object, name, value)
    {
        const struct json_member *m = member_find(members, count, name);

        if (!m) {
            unknown_member(location, name, members, count);
            continue;
        }
        wrong = m->nullable && json_is_null(value) ? NULL
                                                   : checks[m->kind](m, value, text, sizeof text);
        if (wrong)
            json_check_fault(location, name, "%s", wrong);
    }
    for (size_t i = 0; i < count; i++)
        if (members[i].required && !json_object_get(object, members[i].name))
            json_check_fault(location, members[i].name, "is missing");
    return location->faults->count == before;
}

json_t *
json_choices_schema(const char *const *choices)
{
    json_t *list = json_array();

    for (; *choices; choices++)
        json_array_append_new(list, json_string(*choices));
    return json_pack("{s:o}", "enum", list);
}
