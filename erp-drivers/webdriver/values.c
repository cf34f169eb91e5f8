/* The sources of values: the order, options, credentials, and variables that steps have set. */
#include "erp-drivers/webdriver/values.h"

#include <string.h>

#include "erp-drivers/engine/texts.h"
#include "erp-drivers/webdriver/report.h"

static const char *
value_of(const char *name, void *attempt)
{
    struct attempt *a = attempt;
    const struct texts texts = {a->browser->recipe, a->browser->options, a->browser->erp_url,
                                a->job};
    bool known;
    const char *value = texts_value(&texts, name, &known);

    return known ? value : json_string_value(json_object_get(a->vars, name));
}

/* An order that cannot be written in the page's format is refused: neither the page nor another
 * attempt will change that. */
static enum result
fail_by_value(struct attempt *a, const struct misfit *misfit, const char *text, const char *wrong)
{
    char words[2 * ORDER_REASON_TEXT_MAX];
    const char *code = texts_misfit(a->job->order, misfit, text, words, sizeof words);

    if (code)
        return attempt_fail(a, code, "%s", words);
    return attempt_fail(a, NULL, "\"%s\" %s", text, wrong);
}

char *
values_text(struct attempt *a, const json_t *text)
{
    char wrong[TEMPLATE_WRONG_BYTES];
    struct misfit misfit;
    char *result = texts_expand(json_string_value(text), value_of, a, &misfit, wrong);

    if (!result)
        fail_by_value(a, &misfit, json_string_value(text), wrong);
    return result;
}

void
values_set(struct attempt *a, const char *name, const char *value)
{
    json_object_set_new(a->vars, name, json_string(value));
    report_sets(a, name, value);
}

static json_t *
resolve_text(struct attempt *a, const json_t *value)
{
    char *text = values_text(a, value);
    json_t *copy = text ? json_string(text) : NULL;

    template_free(text);
    return copy;
}

json_t *
values_each(struct attempt *a, const json_t *array,
            json_t *(*one)(struct attempt *a, const json_t *element))
{
    json_t *copy = json_array();
    const json_t *element;
    size_t i;

    json_array_foreach(array, i, element)
    {
        json_t *part = one(a, element);

        if (!part) {
            json_decref(copy);
            return NULL;
        }
        json_array_append_new(copy, part);
    }
    return copy;
}

/* JavaScript code is not a template. */
static bool
is_code(const char *name)
{
    return strcmp(name, "expression") == 0 || strcmp(name, "matches") == 0;
}

/* Members of tests and locators that contain the uniqueid: always compared exactly. */
static bool
compares_id(const char *name, const json_t *value)
{
    static const char *const names[] = {"text", "is", "contains", "starts", "ends", "link"};
    const char *text = json_string_value(value);

    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return strstr(text, "{order.uniqueid") != NULL;
    return false;
}

static json_t *
resolve_object(struct attempt *a, const json_t *value)
{
    json_t *copy = json_object(), *member;
    bool id = false;
    const char *name;

    json_object_foreach((json_t *)value, name, member)
    {
        json_t *part = is_code(name) ? json_incref(member) : values_resolve(a, member);

        id = id || compares_id(name, member);

        if (!part) {
            json_decref(copy);
            return NULL;
        }
        json_object_set_new(copy, name, part);
    }
    if (id)
        json_object_set_new(copy, "exact", json_string("id"));
    return copy;
}

json_t *
values_resolve(struct attempt *a, const json_t *value)
{
    if (json_is_string(value))
        return resolve_text(a, value);
    if (json_is_array(value))
        return values_each(a, value, values_resolve);
    return json_is_object(value) ? resolve_object(a, value) : json_incref((json_t *)value);
}
