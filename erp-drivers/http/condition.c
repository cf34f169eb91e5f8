/* One function a kind of condition. A value that is not there is no "no": a condition that asks for
 * it does not know this answer, and it makes no sense to go on. */
#include "erp-drivers/http/condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/number.h"
#include "erp-drivers/engine/texts.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/value.h"
#include "erp-drivers/http/xml.h"

#define HEADER_BYTES 1024

static enum truth told(bool holds, char *why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum truth
told(bool holds, char *why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, CONDITION_WHY_BYTES, format, arguments);
    va_end(arguments);
    return holds ? YES : NO;
}

/* --- texts --- */

static bool
text_is(const char *text, const char *wanted)
{
    return strcmp(text, wanted) == 0;
}

static bool
text_contains(const char *text, const char *wanted)
{
    return strstr(text, wanted) != NULL;
}

static bool
text_starts(const char *text, const char *wanted)
{
    return strncmp(text, wanted, strlen(wanted)) == 0;
}

static bool
text_ends(const char *text, const char *wanted)
{
    size_t length = strlen(text), end = strlen(wanted);

    return length >= end && strcmp(text + length - end, wanted) == 0;
}

static const struct {
    const char *name;
    bool (*holds)(const char *text, const char *wanted);
} comparisons[] = {
    {"is", text_is}, {"contains", text_contains}, {"starts", text_starts}, {"ends", text_ends}};

/* text: NULL is unlike any other. */
static enum truth
compare(struct attempt *a, const json_t *test, const char *text, char *why)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        const json_t *template = json_object_get(test, comparisons[i].name);
        char *own = template && text ? mem_string(text) : NULL;
        char *wanted = template ? value_text(a, template) : NULL;
        enum truth truth = BROKEN;

        if (wanted)
            truth =
                told(own && comparisons[i].holds(own, wanted), why, "\"%.120s\" %s not \"%.120s\"",
                     own ? own : "nothing", comparisons[i].name, wanted);
        template_free(own);
        template_free(wanted);
        if (template)
            return truth;
    }
    return NO;
}

static enum truth
holds_equal(struct attempt *a, const json_t *c, char *why)
{
    const json_t *pair = json_object_get(c, "equal");
    const char *as = json_string_value(json_object_get(c, "as"));
    char *one = value_text(a, json_array_get(pair, 0)), *other;
    enum truth truth = BROKEN;

    other = one ? value_text(a, json_array_get(pair, 1)) : NULL;
    if (other)
        truth = told(texts_equal(one, other, as && strcmp(as, "number") == 0), why,
                     "\"%.120s\" is not \"%.120s\"", one, other);
    template_free(one);
    template_free(other);
    return truth;
}

static enum truth
holds_variable(struct attempt *a, const json_t *c, char *why)
{
    const json_t *test = json_object_get(c, "variable");
    char *text = value_text(a, json_object_get(test, "text"));
    enum truth truth = text ? compare(a, test, text, why) : BROKEN;

    template_free(text);
    return truth;
}

static enum truth
holds_decimals(struct attempt *a, const json_t *c, char *why)
{
    const json_t *pair = json_object_get(c, "decimals");
    char *number = value_text(a, json_array_get(pair, 0)), *places, *end;
    enum truth truth = BROKEN;
    unsigned long most;

    places = number ? value_text(a, json_array_get(pair, 1)) : NULL;
    most = places ? strtoul(places, &end, 10) : 0;
    if (places && (!*places || *end || !amount_valid(number)))
        http_attempt_unexpected(a, "\"%.80s\" has no number of decimal places: \"%.80s\"", number,
                                places);
    else if (places)
        truth = told(amount_scale(number) <= most, why, "%.80s has more than %lu decimal places",
                     number, most);
    template_free(number);
    template_free(places);
    return truth;
}

/* --- the last reply --- */

static bool
status_is(const json_t *wanted, int status)
{
    const char *text = json_string_value(wanted);

    return text ? status / 100 == *text - '0' : status == json_integer_value(wanted);
}

bool
condition_status(const json_t *wanted, int status)
{
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (status_is(json_array_get(wanted, i), status))
            return true;
    return !json_is_array(wanted) && status_is(wanted, status);
}

static enum truth
holds_status(struct attempt *a, const json_t *c, char *why)
{
    return told(a->reply.is && condition_status(json_object_get(c, "status"), a->reply.status), why,
                "the status is %d", a->reply.status);
}

static enum truth
holds_type(struct attempt *a, const json_t *c, char *why)
{
    const char *type = reply_type_name(a->reply.type);

    return told(a->reply.is && strcmp(json_string_value(json_object_get(c, "type")), type) == 0,
                why, "the reply is %s", type);
}

static enum truth
holds_sent(struct attempt *a, const json_t *c, char *why)
{
    const char *name = a->reply.name ? a->reply.name : "";

    return told(strcmp(json_string_value(json_object_get(c, "sent")), name) == 0, why,
                "the reply is to another request");
}

static enum truth
holds_header(struct attempt *a, const json_t *c, char *why)
{
    const json_t *test = json_object_get(c, "header");
    const json_t *present = json_object_get(test, "present");
    char value[HEADER_BYTES];
    const char *name = json_string_value(json_object_get(test, "name"));
    bool is = reply_header(&a->reply, name, value, sizeof value);

    if (present)
        return told(is == json_is_true(present), why, "the header %s is %sthere", name,
                    is ? "" : "not ");
    return compare(a, test, is ? value : NULL, why);
}

static const char *
type_of(const json_t *value)
{
    if (json_is_object(value))
        return "object";
    if (json_is_array(value))
        return "list";
    if (json_is_integer(value) ||
        (json_is_string(value) && *json_string_value(value) == JSON_NUMBER_MARK))
        return "number";
    return json_is_string(value) ? "text" : "";
}

static enum truth
holds_json(struct attempt *a, const json_t *c, char *why)
{
    const json_t *test = json_object_get(c, "json");
    const json_t *present = json_object_get(test, "present");
    const char *at = json_string_value(json_object_get(test, "at"));
    const char *is_a = json_string_value(json_object_get(test, "is_a"));
    const json_t *value = reply_pointer(a->reply.json, at);

    if (present)
        return told((value && !json_is_null(value)) == json_is_true(present), why, "%s is %sthere",
                    at, value ? "" : "not ");
    if (is_a)
        return told(strcmp(type_of(value), is_a) == 0, why, "%s is not a %s", at, is_a);
    return compare(a, test, value_as_text(a, value), why);
}

static enum truth
holds_xml(struct attempt *a, const json_t *c, char *why)
{
    const json_t *test = json_object_get(c, "xml"), *present = json_object_get(test, "present");
    const char *at = json_string_value(json_object_get(test, "at"));
    char *text = a->reply.xml
                     ? xml_text(a->reply.xml, json_object_get(a->session->recipe, "namespaces"), at)
                     : NULL;
    enum truth truth = present ? told((text != NULL) == json_is_true(present), why, "%s is %sthere",
                                      at, text ? "" : "not ")
                               : compare(a, test, text, why);

    free(text);
    return truth;
}

static enum truth
holds_text(struct attempt *a, const json_t *c, char *why)
{
    const json_t *test = json_object_get(c, "text");
    const char *body = a->reply.body ? a->reply.body : "";
    json_t *contains;
    enum truth truth;

    if (json_is_object(test))
        return compare(a, test, body, why);
    contains = json_pack("{s:O}", "contains", test);
    truth = compare(a, contains, body, why);
    json_decref(contains);
    return truth;
}

/* --- put together --- */

static enum truth
holds_parts(struct attempt *a, const json_t *parts, enum truth decides, char *why)
{
    const json_t *part;
    size_t i;

    json_array_foreach(parts, i, part)
    {
        enum truth truth = condition_holds(a, part, why);

        if (truth == decides || truth == BROKEN)
            return truth;
    }
    return decides == NO ? YES : NO;
}

static enum truth
holds_all(struct attempt *a, const json_t *c, char *why)
{
    return holds_parts(a, json_object_get(c, "all"), NO, why);
}

static enum truth
holds_any(struct attempt *a, const json_t *c, char *why)
{
    return holds_parts(a, json_object_get(c, "any"), YES, why);
}

static enum truth
holds_not(struct attempt *a, const json_t *c, char *why)
{
    const json_t *part = json_object_get(c, "not");
    enum truth truth = condition_holds(a, part, why);
    char *text;

    if (truth != YES)
        return truth == NO ? YES : truth;
    text = json_dumps(part, JSON_COMPACT);
    told(false, why, "this condition must not hold: %.200s", text ? text : "");
    free(text);
    return NO;
}

static const struct {
    const char *name;
    enum truth (*holds)(struct attempt *a, const json_t *c, char *why);
} kinds[] = {{"equal", holds_equal},   {"variable", holds_variable}, {"decimals", holds_decimals},
             {"status", holds_status}, {"type", holds_type},         {"sent", holds_sent},
             {"header", holds_header}, {"json", holds_json},         {"xml", holds_xml},
             {"text", holds_text},     {"all", holds_all},           {"any", holds_any},
             {"not", holds_not}};

enum truth
condition_holds(struct attempt *a, const json_t *c, char why[CONDITION_WHY_BYTES])
{
    *why = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (json_object_get(c, kinds[i].name))
            return kinds[i].holds(a, c, why);
    return NO;
}

enum truth
condition_all(struct attempt *a, const json_t *parts, char why[CONDITION_WHY_BYTES])
{
    enum truth truth = YES;

    for (size_t i = 0; truth == YES && i < sizeof kinds / sizeof *kinds; i++)
        if (json_object_get(parts, kinds[i].name))
            truth = kinds[i].holds(a, parts, why);
    return truth;
}
