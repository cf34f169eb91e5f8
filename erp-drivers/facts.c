/* From the driver's findings to the words of the contract. */
#include "erp-drivers/facts.h"

#include <string.h>

#include "common/order/reason.h"

#define UNKNOWN "unknown"

static void
set_text(char *to, size_t size, const char *text)
{
    text_copy(to, size, text ? text : "");
    text_clean(to);
}

void
erp_facts_open(struct erp_facts *facts, const char *title)
{
    facts->state = "open";
    set_text(facts->title, sizeof facts->title, title);
}

void
erp_facts_product(struct erp_facts *facts, const char *name, const char *unit)
{
    facts->product = "found";
    set_text(facts->name, sizeof facts->name, name);
    set_text(facts->unit, sizeof facts->unit, unit);
}

void
erp_facts_amount(struct erp_facts *facts)
{
    facts->amount = "accepted";
}

bool
erp_facts_refused(struct erp_facts *facts, const char *reason_code, const char *words)
{
    static const struct {
        const char *code, *state, *product, *amount;
    } meanings[] = {{REASON_WORKSHEET_NOT_FOUND, "not_found", NULL, NULL},
                    {REASON_WORKSHEET_CLOSED, "closed", NULL, NULL},
                    {REASON_WORKSHEET_LOCKED, "locked", NULL, NULL},
                    {REASON_PRODUCT_NOT_FOUND, NULL, "not_found", NULL},
                    {REASON_PRODUCT_UNMAPPED, NULL, "not_found", NULL},
                    {REASON_AMOUNT_REFUSED, NULL, NULL, "refused"},
                    {REASON_AMOUNT_IMPLAUSIBLE, NULL, NULL, "refused"}};

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (strcmp(meanings[i].code, reason_code))
            continue;
        facts->state = meanings[i].state ? meanings[i].state : facts->state;
        facts->product = meanings[i].product ? meanings[i].product : facts->product;
        facts->amount = meanings[i].amount ? meanings[i].amount : facts->amount;
        if (meanings[i].amount)
            set_text(facts->amount_text, sizeof facts->amount_text, words);
        else
            set_text(facts->state_text, sizeof facts->state_text, words);
        return true;
    }
    return false;
}

void
erp_facts_line(struct erp_facts *facts, const struct order *order, const char *reference,
               const char *product_nr, const char *amount, const char *worksheet)
{
    bool same = strcmp(product_nr, order->product_nr) == 0 &&
                (!worksheet || strcmp(worksheet, order->worksheet) == 0) && amount_valid(amount) &&
                amount_equal(amount, order->product_amount);

    facts->line = same ? ERP_LINE_SAME : ERP_LINE_CHANGED;
    set_text(facts->reference, sizeof facts->reference, reference);
    set_text(facts->found_product, sizeof facts->found_product, product_nr);
    set_text(facts->found_amount, sizeof facts->found_amount, amount);
    set_text(facts->found_worksheet, sizeof facts->found_worksheet, worksheet);
}

static json_t *
text_or_null(const char *text)
{
    return *text ? json_string(text) : json_null();
}

const char *
erp_line_name(enum erp_line line)
{
    static const char *const names[] = {[ERP_LINE_UNKNOWN] = UNKNOWN,
                                        [ERP_LINE_MISSING] = "missing",
                                        [ERP_LINE_SAME] = "same",
                                        [ERP_LINE_CHANGED] = "changed"};

    return names[line];
}

json_t *
erp_facts_found(const struct erp_facts *facts)
{
    return json_pack("{s:o s:o s:o s:o}", "reference", text_or_null(facts->reference), "worksheet",
                     text_or_null(facts->found_worksheet), "product_nr",
                     text_or_null(facts->found_product), "product_amount",
                     text_or_null(facts->found_amount));
}

json_t *
erp_facts_json(const struct erp_facts *facts, const struct order *order)
{
    json_t *product = json_null(), *amount = json_null();

    if (*order->product_nr)
        product = json_pack("{s:s s:o s:o}", "state", facts->product ? facts->product : UNKNOWN,
                            "name", text_or_null(facts->name), "unit", text_or_null(facts->unit));
    if (*order->product_amount)
        amount = json_pack("{s:s s:s}", "state", facts->amount ? facts->amount : UNKNOWN, "text",
                           facts->amount_text);
    return json_pack("{s:s s:s s:s s:o s:o s:o}", "worksheet", order->worksheet, "state",
                     facts->state ? facts->state : UNKNOWN, "text", facts->state_text, "title",
                     text_or_null(facts->title), "product", product, "amount", amount);
}
