/* The calls of an attempt; their table is at the end. */
#include "erp-drivers/tryton/steps.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/order/reason.h"
#include "erp-drivers/tryton/compare.h"
#include "erp-drivers/tryton/rpc.h"

#define INT JSON_INTEGER_FORMAT
#define OFFSET_AND_LIMIT "0,2,null" /* two rows prove that there is more than one */

static bool
find_integer(const json_t *object, const char *name, json_int_t *value)
{
    const json_t *member = json_object_get(object, name);

    *value = json_integer_value(member);
    return json_is_integer(member);
}

/* Booleans are 1 and 0 on SQLite. */
static bool
is_true(const json_t *value)
{
    return json_is_true(value) || json_integer_value(value) != 0;
}

/* --- look-up --- */

static char *
line_search_params(const struct tryton_line *line, const char *context)
{
    char *note = tryton_rpc_string(line->order->uniqueid);
    char *params = mem_format(
        "[[[\"note\",\"=\",%s]]," OFFSET_AND_LIMIT "," TRYTON_LINE_FIELDS ",{%s}]", note, context);

    free(note);
    return params;
}

static enum erp_verdict
take_look_up(struct tryton_line *line, const json_t *rows, struct erp_outcome *outcome)
{
    if (!json_array_size(rows) || failpoint("mutant.no_look_up"))
        return ERP_SEND;
    return tryton_compare(line->order, rows, "look-up", REASON_ERP_REJECTED, outcome);
}

/* --- product --- */

static char *
product_params(const struct tryton_line *line, const char *context)
{
    char *code = tryton_rpc_string(line->order->product_nr);
    char *params =
        mem_format("[[[\"code\",\"=\",%s]]," OFFSET_AND_LIMIT ",[\"code\",\"salable\",\"sale_uom\","
                   "\"sale_uom.digits\",\"sale_uom.symbol\"],{%s}]",
                   code, context);

    free(code);
    return params;
}

/* The ERP would refuse or round more digits than the unit has: checked before anything is sent. */
static enum erp_verdict
check_amount(const struct order *order, const json_t *row, struct erp_outcome *outcome)
{
    const json_t *unit = json_object_get(row, "sale_uom.");
    const char *symbol = json_string_value(json_object_get(unit, "symbol"));
    json_int_t digits;

    if (!find_integer(unit, "digits", &digits) ||
        (json_int_t)amount_scale(order->product_amount) <= digits)
        return ERP_SEND;
    return erp_end(outcome, ERP_REJECT, REASON_AMOUNT_REFUSED,
                   "product %s is sold in %s with %" INT " digits after the point; ordered: %s",
                   order->product_nr, symbol ? symbol : "its unit", digits, order->product_amount);
}

static enum erp_verdict
no_product(const char *nr, const json_t *other, struct erp_outcome *outcome)
{
    const char *code = json_string_value(json_object_get(other, "code"));

    if (other && !code)
        return tryton_rpc_nonsense(outcome, "product");
    return erp_end(outcome, ERP_REJECT, REASON_PRODUCT_NOT_FOUND,
                   "the ERP has no product with the code %s%s%s%s", nr,
                   other ? ": it found \"" : "", other ? code : "", other ? "\"" : "");
}

static enum erp_verdict
take_product(struct tryton_line *line, const json_t *rows, struct erp_outcome *outcome)
{
    const char *nr = line->order->product_nr;
    size_t count;
    const json_t *row = tryton_rows_exact(rows, tryton_is_product, line->order, &count);

    if (!count)
        return no_product(nr, json_array_get(rows, 0), outcome);
    if (count > 1)
        return erp_end(outcome, ERP_REJECT, REASON_PRODUCT_NOT_FOUND,
                       "the ERP has several products with the code %s", nr);
    if (!find_integer(row, "id", &line->product))
        return tryton_rpc_nonsense(outcome, "product");
    if (!is_true(json_object_get(row, "salable")))
        return erp_end(outcome, ERP_REJECT, REASON_PRODUCT_NOT_FOUND, "product %s is not for sale",
                       nr);
    find_integer(row, "sale_uom", &line->unit);
    return check_amount(line->order, row, outcome);
}

/* --- worksheet --- */

static char *
worksheet_params(const struct tryton_line *line, const char *context)
{
    char *name = tryton_rpc_string(line->order->worksheet);
    char *params =
        mem_format("[[\"OR\",[\"reference\",\"=\",%s],[\"number\",\"=\",%s]]," OFFSET_AND_LIMIT
                   ",[\"state\",\"reference\",\"number\",\"_timestamp\"],{%s}]",
                   name, name, context);

    free(name);
    return params;
}

static enum erp_verdict
no_worksheet(const char *worksheet, const json_t *other, struct erp_outcome *outcome)
{
    const char *name = json_string_value(json_object_get(other, "reference"));

    if (!name)
        name = json_string_value(json_object_get(other, "number"));
    if (other && !name)
        return tryton_rpc_nonsense(outcome, "worksheet");
    return erp_end(outcome, ERP_REJECT, REASON_WORKSHEET_NOT_FOUND,
                   "the ERP has no sale with the reference or number %s%s%s%s", worksheet,
                   other ? ": it found \"" : "", other ? name : "", other ? "\"" : "");
}

static enum erp_verdict
take_worksheet(struct tryton_line *line, const json_t *rows, struct erp_outcome *outcome)
{
    const char *worksheet = line->order->worksheet;
    size_t count;
    const json_t *row = tryton_rows_exact(rows, tryton_is_worksheet, line->order, &count);
    const char *state = json_string_value(json_object_get(row, "state"));
    const json_t *time_stamp = json_object_get(row, "_timestamp");

    if (!count)
        return no_worksheet(worksheet, json_array_get(rows, 0), outcome);
    if (count > 1)
        return erp_end(outcome, ERP_REJECT, REASON_WORKSHEET_NOT_FOUND,
                       "worksheet %s is ambiguous: several sales have this reference or number",
                       worksheet);
    if (!state || !json_is_string(time_stamp) || !find_integer(row, "id", &line->sale))
        return tryton_rpc_nonsense(outcome, "worksheet");
    if (strcmp(state, "draft"))
        return erp_end(outcome, ERP_REJECT, REASON_WORKSHEET_CLOSED,
                       "worksheet %s is no longer a draft: %s", worksheet, state);
    line->time_stamp = tryton_rpc_dump(time_stamp);
    return ERP_SEND;
}

/* --- price --- */

static char *
price_params(const struct tryton_line *line, const char *context)
{
    char amount[ORDER_VALUE_MAX + 1];

    amount_canonical(line->order->product_amount, amount);
    return mem_format("[{\"product\":%" INT ",\"quantity\":%s,\"sale\":%" INT
                      ",\"type\":\"line\"},{%s}]",
                      line->product, amount, line->sale, context);
}

/* {"add": [[0, {"id": 1}], …]} → [1, …]. Fails on an unknown format: a line without its taxes would
 * be wrong, and nobody would notice. */
static bool
collect_taxes(const json_t *taxes, json_t *ids)
{
    const json_t *add = json_object_get(taxes, "add");

    if (!taxes || json_is_null(taxes))
        return true;
    if (!json_is_object(taxes) || (add && !json_is_array(add)))
        return false;
    for (size_t i = 0; i < json_array_size(add); i++) {
        const json_t *tax = json_array_get(json_array_get(add, i), 1);
        json_int_t id;

        if (!find_integer(tax, "id", &id))
            return false;
        json_array_append_new(ids, json_integer(id));
    }
    return true;
}

static bool
take_taxes(struct tryton_line *line, const json_t *taxes)
{
    json_t *ids = json_array();
    bool known = collect_taxes(taxes, ids);

    if (known && json_array_size(ids))
        line->taxes = tryton_rpc_dump(ids);
    json_decref(ids);
    return known;
}

static enum erp_verdict
take_price(struct tryton_line *line, const json_t *result, struct erp_outcome *outcome)
{
    const json_t *price = json_object_get(result, "unit_price");
    json_int_t unit;

    if (!json_is_object(result))
        return tryton_rpc_nonsense(outcome, "price");
    if (!price || json_is_null(price))
        return erp_end(outcome, ERP_REJECT, REASON_ERP_REJECTED,
                       "the ERP has no price for product %s", line->order->product_nr);
    if (find_integer(result, "unit", &unit))
        line->unit = unit;
    if (!json_is_string(json_object_get(price, "decimal")) || !line->unit ||
        !take_taxes(line, json_object_get(result, "taxes")))
        return tryton_rpc_nonsense(outcome, "price");
    line->unit_price = tryton_rpc_dump(price);
    return ERP_SEND;
}

/* --- write and read back --- */

static char *
write_params(const struct tryton_line *line, const char *context)
{
    char amount[ORDER_VALUE_MAX + 1];
    char *note = tryton_rpc_string(line->order->uniqueid);
    char *taxes =
        line->taxes ? mem_format("\"taxes\":[[\"add\",%s]],", line->taxes) : mem_string("");
    char *params;

    amount_canonical(line->order->product_amount, amount);
    params = mem_format("[[%" INT "],{\"lines\":[[\"create\",[{\"type\":\"line\",\"product\":%" INT
                        ",\"quantity\":%s,\"unit\":%" INT ",\"unit_price\":%s,%s\"note\":%s}]]]},"
                        "{%s%s\"_timestamp\":{\"sale.sale,%" INT "\":%s}}]",
                        line->sale, line->product, amount, line->unit, line->unit_price, taxes,
                        note, context, *context ? "," : "", line->sale, line->time_stamp);
    free(taxes);
    free(note);
    return params;
}

static enum erp_verdict
take_write(struct tryton_line *line, const json_t *result, struct erp_outcome *outcome)
{
    (void)line;
    return json_is_null(result) ? ERP_SEND : tryton_rpc_nonsense(outcome, "write");
}

static enum erp_verdict
take_read_back(struct tryton_line *line, const json_t *rows, struct erp_outcome *outcome)
{
    if (!json_array_size(rows))
        return erp_end(outcome, ERP_REJECT, REASON_OUTCOME_UNKNOWN,
                       "the ERP accepted the line, but does not show it: not sending it again");
    return tryton_compare(line->order, rows, "read-back", REASON_AMOUNT_REFUSED, outcome);
}

/* --- the table --- */

#define LINE_SEARCH                                                                                \
    .method = "model.sale.line.search_read", .search = true, .params = line_search_params

static const struct tryton_step steps[] = {
    {.what = "look-up", LINE_SEARCH, .take = take_look_up},
    {.what = "product",
     .method = "model.product.product.search_read",
     .search = true,
     .params = product_params,
     .take = take_product},
    {.what = "worksheet",
     .method = "model.sale.sale.search_read",
     .search = true,
     .params = worksheet_params,
     .take = take_worksheet},
    /* A write whose reply was lost may still complete. If it completes before the worksheet is
     * read, it is found here; if after, it changes the time stamp, and our write fails. */
    {.what = "second look-up", LINE_SEARCH, .repeat = true, .take = take_look_up},
    {.what = "price",
     .method = "model.sale.line.on_change_product",
     .params = price_params,
     .take = take_price},
    {.what = "write",
     .method = "model.sale.sale.write",
     .commits = true,
     .params = write_params,
     .take = take_write},
    {.what = "read-back", LINE_SEARCH, .take = take_read_back},
};

const struct tryton_step *
tryton_step_due(const struct tryton_line *line)
{
    return &steps[line->step];
}

static bool
rows_make_sense(const json_t *rows)
{
    json_int_t id;

    for (size_t i = 0; i < json_array_size(rows); i++)
        if (!find_integer(json_array_get(rows, i), "id", &id))
            return false;
    return json_is_array(rows);
}

enum erp_verdict
tryton_step_take(struct tryton_line *line, const json_t *result, struct erp_outcome *outcome)
{
    const struct tryton_step *step = tryton_step_due(line);
    enum erp_verdict verdict;

    if (step->search && !rows_make_sense(result))
        return tryton_rpc_nonsense(outcome, step->what);
    verdict = step->take(line, result, outcome);
    if (verdict == ERP_SEND)
        line->step++;
    if (verdict == ERP_SEND && tryton_step_due(line)->repeat && !line->order->commit_sent)
        line->step++;
    return verdict;
}

void
tryton_line_reset(struct tryton_line *line)
{
    free(line->time_stamp);
    free(line->unit_price);
    free(line->taxes);
    *line = (struct tryton_line){.order = line->order};
}
