/* Values of the order and the workshop. */
#include "erp-drivers/engine/texts.h"

#include <stdio.h>
#include <string.h>

#include "common/order/reason.h"

#define NUMBER_BYTES 160

static const char *
order_value(const struct erp_job *job, const char *name)
{
    static char amount[ORDER_VALUE_MAX + 1];
    const struct order *order = job->order;

    if (!order)
        return NULL;
    if (strcmp(name, "product_amount") == 0) {
        if (!*order->product_amount) /* a check need not ask for one */
            return "";
        amount_canonical(order->product_amount, amount);
        return amount;
    }
    if (strcmp(name, "worksheet") == 0)
        return order->worksheet;
    if (strcmp(name, "product_nr") == 0)
        return order->product_nr;
    return strcmp(name, "uniqueid") == 0 ? order->uniqueid : job->workshop;
}

static const char *
option_value(const struct texts *texts, const char *name)
{
    const json_t *given = json_object_get(texts->options, name);
    const json_t *option = json_object_get(json_object_get(texts->recipe, "options"), name);

    return json_string_value(given ? given : json_object_get(option, "default"));
}

const char *
texts_value(const struct texts *texts, const char *name, bool *known)
{
    const struct credentials *auth = texts->job->auth;

    *known = true;
    if (strncmp(name, "order.", 6) == 0)
        return order_value(texts->job, name + 6);
    if (strncmp(name, "options.", 8) == 0)
        return option_value(texts, name + 8);
    if (strcmp(name, "credentials.username") == 0)
        return auth ? auth->username : NULL;
    if (strcmp(name, "credentials.password") == 0)
        return auth ? auth->password : NULL;
    if (strcmp(name, "erp.url") == 0)
        return texts->erp_url;
    *known = false;
    return NULL;
}

struct asked {
    template_lookup *value;
    void *arg;
    struct misfit *last;
};

static const char *
asked_value(const char *name, void *arg)
{
    struct asked *asked = arg;

    text_copy(asked->last->name, sizeof asked->last->name, name);
    asked->last->value = asked->value(name, asked->arg);
    return asked->last->value;
}

char *
texts_expand(const char *text, template_lookup *value, void *arg, struct misfit *misfit,
             char wrong[TEMPLATE_WRONG_BYTES])
{
    struct asked asked = {value, arg, misfit};

    *misfit = (struct misfit){.value = NULL};
    return template_expand(text, asked_value, &asked, wrong);
}

const char *
texts_misfit(const struct order *order, const struct misfit *misfit, const char *text, char *words,
             size_t size)
{
    bool ordered = strncmp(misfit->name, "order.", 6) == 0;

    if (!order || !misfit->value)
        return NULL;
    if (strcmp(misfit->name, "order.product_amount") == 0 ||
        (!ordered && amount_valid(misfit->value) &&
         amount_equal(misfit->value, order->product_amount))) {
        snprintf(words, size, "cannot write the amount %s as \"%s\": too many decimal places",
                 misfit->value, text);
        return REASON_AMOUNT_REFUSED;
    }
    snprintf(words, size, "cannot write %s \"%s\" as \"%s\"", misfit->name + 6, misfit->value,
             text);
    return ordered ? REASON_ERP_REJECTED : NULL;
}

bool
texts_equal(const char *one, const char *other, bool as_number)
{
    const struct number_format format = {'.', 0};
    char a[NUMBER_BYTES], b[NUMBER_BYTES];

    if (!as_number)
        return strcmp(one, other) == 0;
    return template_number(one, &format, a, sizeof a) &&
           template_number(other, &format, b, sizeof b) && strcmp(a, b) == 0;
}
