/* The commands that list orders: `queue` and `errors`, which follow the daemon's pages. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

enum { PAGE_ORDERS = 100 };

enum {
    LIST_UNIQUEID,
    LIST_WORKSHEET,
    LIST_PRODUCT,
    LIST_AMOUNT,
    LIST_STATUS,
    LIST_REASON,
    LIST_TEXT,
    LIST_ATTEMPTS,
    LIST_TIME,
    LIST_NEXT,
    LIST_COUNT,
};

static const struct column queue_columns[LIST_COUNT] = {
    [LIST_UNIQUEID] = {.title = "UNIQUEID", .flexible = true},
    [LIST_WORKSHEET] = {.title = "WORKSHEET"},
    [LIST_PRODUCT] = {.title = "PRODUCT"},
    [LIST_AMOUNT] = {.title = "AMOUNT", .right = true},
    [LIST_STATUS] = {.title = "STATUS"},
    [LIST_REASON] = {.title = "REASON", .optional = true},
    [LIST_TEXT] = {.title = "REASON TEXT", .flexible = true, .optional = true},
    [LIST_ATTEMPTS] = {.title = "ATTEMPTS", .right = true},
    [LIST_TIME] = {.title = "PLACED"},
    [LIST_NEXT] = {.title = "NEXT ATTEMPT", .optional = true},
};

static const struct column errors_columns[LIST_COUNT] = {
    [LIST_UNIQUEID] = {.title = "UNIQUEID", .flexible = true},
    [LIST_WORKSHEET] = {.title = "WORKSHEET"},
    [LIST_PRODUCT] = {.title = "PRODUCT"},
    [LIST_AMOUNT] = {.title = "AMOUNT", .right = true},
    [LIST_STATUS] = {.title = "STATUS", .optional = true},
    [LIST_REASON] = {.title = "REASON"},
    [LIST_TEXT] = {.title = "REASON TEXT", .flexible = true},
    [LIST_ATTEMPTS] = {.title = "ATTEMPTS", .right = true, .optional = true},
    [LIST_TIME] = {.title = "SINCE"},
    [LIST_NEXT] = {.title = "NEXT ATTEMPT", .optional = true},
};

/* The members that every list of orders shows; time is the name of the one for LIST_TIME. */
static void
put_order(struct table *table, const json_t *order, const char *time)
{
    table_row(table);
    table_json(table, LIST_UNIQUEID, COLOUR_NONE, json_object_get(order, "uniqueid"));
    table_json(table, LIST_WORKSHEET, COLOUR_NONE, json_object_get(order, "worksheet"));
    table_json(table, LIST_PRODUCT, COLOUR_NONE, json_object_get(order, "product_nr"));
    table_json(table, LIST_AMOUNT, COLOUR_NONE, json_object_get(order, "product_amount"));
    table_json(table, LIST_REASON, COLOUR_NONE, json_object_get(order, "reason_code"));
    table_json(table, LIST_TEXT, COLOUR_NONE, json_object_get(order, "reason_text"));
    table_time(table, LIST_TIME, json_object_get(order, time));
}

static void
print_queue(const struct ctl *ctl, const json_t *reply)
{
    const json_t *tasks = json_object_get(reply, "tasks");
    struct table *table = table_new(queue_columns, LIST_COUNT);
    size_t i;
    json_t *order;

    json_array_foreach(tasks, i, order)
    {
        put_order(table, order, "placed_at");
        table_state(table, LIST_STATUS, json_object_get(order, "status"));
        table_json(table, LIST_ATTEMPTS, COLOUR_NONE, json_object_get(order, "attempts"));
        table_time(table, LIST_NEXT, json_object_get(order, "next_attempt_at"));
    }
    if (json_array_size(tasks) > 0) {
        table_print(table, &ctl->screen);
        putchar('\n');
    }
    table_free(table);
    text_say("%s: %lld orders in the queue, %zu shown", ctl_workshop(ctl, reply),
             json_integer_value(json_object_get(reply, "length")), json_array_size(tasks));
}

static void
print_errors_hint(const struct ctl *ctl)
{
    char *workshop = text_shell_quote(ctl->args[0]);

    text_say("To retry an order: pumplinectl retry %s UNIQUEID [--worksheet W] [--product P] "
             "[--amount A]",
             workshop);
    text_say("If entered by hand: pumplinectl resolve %s UNIQUEID --note TEXT", workshop);
    free(workshop);
}

static void
print_errors(const struct ctl *ctl, const json_t *reply)
{
    const json_t *orders = json_object_get(reply, "orders");
    struct table *table = table_new(errors_columns, LIST_COUNT);
    size_t i;
    json_t *order;

    json_array_foreach(orders, i, order) put_order(table, order, "updated_at");
    if (json_array_size(orders) > 0) {
        table_print(table, &ctl->screen);
        putchar('\n');
        print_errors_hint(ctl);
    } else {
        text_say("%s: no orders in error", ctl_workshop(ctl, reply));
    }
    table_free(table);
}

/* "REST?…limit=N&after=CURSOR" below the workshop. rest ends in the '?' or '&' before it. */
static char *
page_path(const struct ctl *ctl, const char *rest, size_t limit, const char *after)
{
    char *cursor = after ? client_encode(after) : NULL;
    char *query =
        mem_format("%slimit=%zu%s%s", rest, limit, cursor ? "&after=" : "", cursor ? cursor : "");
    char *path = ctl_path(ctl, query);

    free(query);
    free(cursor);
    return path;
}

/* Appends page, which it takes over, to *whole. False if there is nothing more to request: no
 * cursor, or a page without progress, which would loop for ever. */
static bool
pages_append(json_t **whole, json_t *page, const char *list)
{
    json_t *orders = json_object_get(page, list), *next = json_object_get(page, "next");
    bool more = json_is_string(next) && json_array_size(orders) > 0 &&
                !json_equal(next, json_object_get(*whole, "next"));

    if (!*whole) {
        *whole = page;
        return more;
    }
    json_array_extend(json_object_get(*whole, list), orders);
    json_object_set_new(*whole, "next", next ? json_incref(next) : json_null());
    json_decref(page);
    return more;
}

/* Requests the pages of `list` up to --limit orders, as one reply in *whole for the caller to
 * json_decref. */
static int
pages_fetch(struct ctl *ctl, const char *rest, const char *list, json_t **whole)
{
    const char *limit = ctl->options[OPTION_LIMIT];
    size_t left = limit ? strtoul(limit, NULL, 10) : SIZE_MAX;
    bool more = true;

    for (*whole = NULL; more && left > 0;) {
        const char *after = json_string_value(json_object_get(*whole, "next"));
        size_t wanted = left < PAGE_ORDERS ? left : PAGE_ORDERS;
        json_t *page;
        int result = ctl_call(ctl, "GET", page_path(ctl, rest, wanted, after), NULL, &page);

        if (result != CTL_OK) {
            json_decref(*whole);
            return result;
        }
        size_t got = json_array_size(json_object_get(page, list));

        left -= got < left ? got : left;
        more = pages_append(whole, page, list);
    }
    return CTL_OK;
}

int
command_queue(struct ctl *ctl)
{
    json_t *whole;
    int result = pages_fetch(ctl, "queue?", "tasks", &whole);

    if (result == CTL_OK)
        ctl_show(ctl, whole, print_queue);
    return result;
}

int
command_errors(struct ctl *ctl)
{
    json_t *whole;
    int result = pages_fetch(ctl, "orders?status=error&", "orders", &whole);

    if (result == CTL_OK)
        ctl_show(ctl, whole, print_errors);
    return result;
}
