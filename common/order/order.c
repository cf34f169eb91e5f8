/* The order object and its states. parse.c reads requests. */
#include "common/order/order.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/secret.h"

static const char *const status_names[] = {[ORDER_PLACED] = "placed",
                                           [ORDER_PROCESSING] = "processing",
                                           [ORDER_CREATED] = "created",
                                           [ORDER_ERROR] = "error"};

const char *
order_status_name(enum order_status status)
{
    return status_names[status];
}

enum order_status
order_status_parse(const char *name)
{
    for (int status = ORDER_PLACED; status <= ORDER_ERROR; status++)
        if (strcmp(status_names[status], name) == 0)
            return (enum order_status)status;
    return (enum order_status)0;
}

bool
order_same_content(const struct order *a, const struct order *b)
{
    return strcmp(a->worksheet, b->worksheet) == 0 && strcmp(a->product_nr, b->product_nr) == 0 &&
           amount_equal(a->product_amount, b->product_amount);
}

static json_t *
text_or_null(const char *text)
{
    return *text ? json_string(text) : json_null();
}

static json_t *
time_or_null(int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];

    if (!wall_ms)
        return json_null();
    clock_text(wall_ms, text);
    return json_string(text);
}

bool
order_write_off_valid(const char *reason)
{
    static const char *const reasons[] = {"spill", "test", "warranty", "other"};

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i], reason) == 0)
            return true;
    return false;
}

bool
order_needs_attention(const struct order *order)
{
    return order->status == ORDER_ERROR && !*order->written_off;
}

void
order_for_erp(const struct order *order, struct order *for_erp)
{
    *for_erp = *order;
    if (*order->erp_product)
        text_copy(for_erp->product_nr, sizeof for_erp->product_nr, order->erp_product);
    if (*order->erp_amount)
        text_copy(for_erp->product_amount, sizeof for_erp->product_amount, order->erp_amount);
}

json_t *
order_json(const struct order *order, const char *workshop)
{
    return json_pack(
        "{s:s s:s s:s s:s s:s s:s s:o s:o s:I s:o s:o s:o s:o s:b s:b s:o s:o}", "workshop",
        workshop, "uniqueid", order->uniqueid, "worksheet", order->worksheet, "product_nr",
        order->product_nr, "product_amount", order->product_amount, "status",
        order_status_name(order->status), "reason_code", text_or_null(order->reason_code),
        "reason_text", text_or_null(order->reason_text), "attempts", (json_int_t)order->attempts,
        "placed_at", time_or_null(order->placed_ms), "updated_at", time_or_null(order->updated_ms),
        "next_attempt_at", time_or_null(order->next_attempt_ms), "erp_reference",
        text_or_null(order->erp_reference), "by_hand", order->by_hand, "needs_attention",
        order_needs_attention(order), "erp_product", text_or_null(order->erp_product), "erp_amount",
        text_or_null(order->erp_amount));
}

void
credentials_clear(struct credentials *credentials)
{
    secret_free(credentials->username);
    secret_free(credentials->password);
    credentials->username = credentials->password = NULL;
}

void
order_faults_clear(struct order_faults *faults)
{
    json_decref(faults->fields);
    faults->fields = NULL;
}
