/* One place that decides whether a line is the ordered one, for each look at the ERP. */
#include "erp-drivers/tryton_compare.h"

#include <stdio.h>
#include <string.h>

#include "erp-drivers/tryton_rpc.h"

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

static enum erp_verdict
several_lines(const struct order *order, const json_t *rows, struct erp_outcome *outcome)
{
    return erp_end(outcome, ERP_REJECT, "erp_rejected",
                   "more than one line of the ERP carries the uniqueid %s: %" JSON_INTEGER_FORMAT
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
                   " of the ERP carries this uniqueid and holds %s %s of product %s on "
                   "worksheet %s, ordered were %s of %s on %s",
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
                   "the line is there, but its worksheet is no draft any more: %s", state);
}

enum erp_verdict
tryton_compare(const struct order *order, const json_t *rows, const char *what,
               const char *amount_code, struct erp_outcome *outcome)
{
    const json_t *row = json_array_get(rows, 0);
    char quantity[NUMBER_BYTES];
    enum erp_verdict verdict;
    bool same;

    if (json_array_size(rows) > 1)
        return several_lines(order, rows, outcome);
    if (strcmp(text_of(row, "note"), order->uniqueid) ||
        !tryton_rpc_number(json_object_get(row, "quantity"), quantity, sizeof quantity))
        return tryton_rpc_nonsense(outcome, what);
    same = strcmp(text_of(json_object_get(row, "product."), "code"), order->product_nr) == 0 &&
           tryton_is_worksheet(json_object_get(row, "sale."), order);
    if (!same || !amount_valid(quantity) || !amount_equal(quantity, order->product_amount))
        verdict = other_line(order, row, quantity, same ? amount_code : "erp_rejected", outcome);
    else
        verdict = same_line(row, outcome);
    snprintf(outcome->reference, sizeof outcome->reference, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(row, "id")));
    return verdict;
}
