/* The one place that decides whether a line is the ordered one, for every query of the ERP. */
#include "erp-drivers/tryton/compare.h"

#include <stdio.h>
#include <string.h>

#include "common/order/reason.h"
#include "erp-drivers/tryton/rpc.h"

#define NUMBER_BYTES 128

static const char *
text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text ? text : "";
}

bool
tryton_is_worksheet(const json_t *sale, const struct order *order)
{
    return strcmp(text_of(sale, "reference"), order->worksheet) == 0 ||
           strcmp(text_of(sale, "number"), order->worksheet) == 0;
}

bool
tryton_is_product(const json_t *product, const struct order *order)
{
    return strcmp(text_of(product, "code"), order->product_nr) == 0;
}

static bool
is_line(const json_t *row, const struct order *order)
{
    return strcmp(text_of(row, "note"), order->uniqueid) == 0;
}

const json_t *
tryton_rows_exact(const json_t *rows, bool (*is_ours)(const json_t *, const struct order *),
                  const struct order *order, size_t *count)
{
    const json_t *first = NULL;

    *count = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (is_ours(json_array_get(rows, i), order) && !(*count)++)
            first = json_array_get(rows, i);
    return first;
}

/* The search confuses another uniqueid with this one, so it proves neither that this order has a
 * line nor that it has none. */
static enum erp_verdict
not_told_apart(const struct order *order, const json_t *row, const char *what,
               struct erp_outcome *outcome)
{
    const char *note = json_string_value(json_object_get(row, "note"));

    if (!note)
        return tryton_rpc_nonsense(outcome, what);
    return erp_end(outcome, ERP_REJECT, REASON_OUTCOME_UNKNOWN,
                   "cannot tell whether this order has a line: a search for the uniqueid \"%s\" "
                   "finds line %" JSON_INTEGER_FORMAT " with \"%s\"",
                   order->uniqueid, json_integer_value(json_object_get(row, "id")), note);
}

static enum erp_verdict
several_lines(const struct order *order, const json_t *rows, struct erp_outcome *outcome)
{
    return erp_end(outcome, ERP_REJECT, REASON_ERP_REJECTED,
                   "several lines of the ERP carry the uniqueid %s: %" JSON_INTEGER_FORMAT
                   " and %" JSON_INTEGER_FORMAT,
                   order->uniqueid,
                   json_integer_value(json_object_get(json_array_get(rows, 0), "id")),
                   json_integer_value(json_object_get(json_array_get(rows, 1), "id")));
}

static enum erp_verdict
other_line(const struct order *order, const json_t *row, const char *quantity, const char *code,
           struct erp_outcome *outcome)
{
    const json_t *sale = json_object_get(row, "sale.");
    const char *worksheet = text_of(sale, "reference");

    return erp_end(outcome, ERP_REJECT, code,
                   "line %" JSON_INTEGER_FORMAT
                   " of the ERP carries this uniqueid and holds %s %s of product %s on worksheet "
                   "%s; ordered: %s of %s on %s",
                   json_integer_value(json_object_get(row, "id")), quantity,
                   text_of(json_object_get(row, "unit."), "symbol"),
                   text_of(json_object_get(row, "product."), "code"),
                   *worksheet ? worksheet : text_of(sale, "number"), order->product_amount,
                   order->product_nr, order->worksheet);
}

/* The order is fulfilled, whatever the worksheet's state; people may want to know. */
static enum erp_verdict
same_line(const json_t *row, struct erp_outcome *outcome)
{
    const char *state = text_of(json_object_get(row, "sale."), "state");

    if (strcmp(state, "draft") == 0)
        return erp_end(outcome, ERP_CREATED, NULL, "%s", "");
    return erp_end(outcome, ERP_CREATED, NULL,
                   "the line exists, but its worksheet is no longer a draft: %s", state);
}

enum erp_verdict
tryton_compare(const struct order *order, const json_t *rows, const char *what,
               const char *amount_code, struct erp_outcome *outcome)
{
    size_t count;
    const json_t *row = tryton_rows_exact(rows, is_line, order, &count);
    char quantity[NUMBER_BYTES];
    enum erp_verdict verdict;
    bool same;

    if (!count)
        return not_told_apart(order, json_array_get(rows, 0), what, outcome);
    if (count > 1)
        return several_lines(order, rows, outcome);
    if (!tryton_rpc_number(json_object_get(row, "quantity"), quantity, sizeof quantity))
        return tryton_rpc_nonsense(outcome, what);
    same = tryton_is_product(json_object_get(row, "product."), order) &&
           tryton_is_worksheet(json_object_get(row, "sale."), order);
    if (!same || !amount_valid(quantity) || !amount_equal(quantity, order->product_amount))
        verdict =
            other_line(order, row, quantity, same ? amount_code : REASON_ERP_REJECTED, outcome);
    else
        verdict = same_line(row, outcome);
    snprintf(outcome->reference, sizeof outcome->reference, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(row, "id")));
    return verdict;
}
