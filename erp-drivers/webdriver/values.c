/* The sources of values: the order, options, credentials, and variables that steps have set. */
#include "erp-drivers/webdriver/values.h"

#include <string.h>

#include "common/order/reason.h"
#include "erp-drivers/webdriver/report.h"

static const char *
order_value(const struct attempt *a, const char *name)
{
    static char amount[ORDER_VALUE_MAX + 1];
    const struct order *order = a->job->order;

    if (!order)
        return NULL;
    if (strcmp(name, "product_amount") == 0) {
        amount_canonical(order->product_amount, amount);
        return amount;
    }
    if (strcmp(name, "worksheet") == 0)
        return order->worksheet;
    if (strcmp(name, "product_nr") == 0)
        return order->product_nr;
    return strcmp(name, "uniqueid") == 0 ? order->uniqueid : a->job->workshop;
}

static const char *
option_value(const struct browser *b, const char *name)
{
    const json_t *given = json_object_get(b->options, name);
    const json_t *option = json_object_get(json_object_get(b->recipe, "options"), name);

    return json_string_value(given ? given : json_object_get(option, "default"));
}

static const char *
value_of(const char *name, void *arg)
{
    const struct attempt *a = arg;
    const struct credentials *auth = a->job->auth;

    if (strncmp(name, "order.", 6) == 0)
        return order_value(a, name + 6);
    if (strncmp(name, "options.", 8) == 0)
        return option_value(a->browser, name + 8);
    if (strcmp(name, "credentials.username") == 0)
        return auth ? auth->username : NULL;
    if (strcmp(name, "credentials.password") == 0)
        return auth ? auth->password : NULL;
    if (strcmp(name, "erp.url") == 0)
        return a->browser->erp_url;
    return json_string_value(json_object_get(a->vars, name));
}

/* The last value that a text asked for: the one that a filter could not convert. */
struct asked {
    struct attempt *attempt;
    char name[TEMPLATE_NAME_MAX + 1];
    const char *value;
};

static const char *
asked_value(const char *name, void *arg)
{
    struct asked *asked = arg;

    text_copy(asked->name, sizeof asked->name, name);
    asked->value = value_of(name, asked->attempt);
    return asked->value;
}

/* An order that cannot be written in the page's format is refused: neither the page nor another
 * attempt will change that. */
static enum result
fail_by_value(struct attempt *a, const struct asked *asked, const char *text, const char *wrong)
{
    const struct order *order = a->job->order;
    bool ordered = strncmp(asked->name, "order.", 6) == 0;

    if (!order || !asked->value)
        return attempt_fail(a, NULL, "\"%s\" %s", text, wrong);
    if (strcmp(asked->name, "order.product_amount") == 0 ||
        (!ordered && amount_valid(asked->value) &&
         amount_equal(asked->value, order->product_amount)))
        return attempt_fail(a, REASON_AMOUNT_REFUSED,
                            "cannot write the amount %s as \"%s\": too many decimal places",
                            asked->value, text);
    if (ordered)
        return attempt_fail(a, REASON_ERP_REJECTED, "cannot write %s \"%s\" as \"%s\"",
                            asked->name + 6, asked->value, text);
    return attempt_fail(a, NULL, "\"%s\" %s", text, wrong);
}

char *
values_text(struct attempt *a, const json_t *text)
{
    struct asked asked = {.attempt = a};
    char wrong[TEMPLATE_WRONG_BYTES];
    char *result = template_expand(json_string_value(text), asked_value, &asked, wrong);

    if (!result)
        fail_by_value(a, &asked, json_string_value(text), wrong);
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
