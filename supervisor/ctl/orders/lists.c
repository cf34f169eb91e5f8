/* The commands that list orders: `queue` and `errors`, which follow the daemon's pages. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/orders/orders.h"
#include "supervisor/ctl/term/text.h"

enum {
    LIST_WORKSHOP,
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
    [LIST_WORKSHOP] = {.title = "WORKSHOP", .optional = true},
    [LIST_UNIQUEID] = {.title = "UNIQUEID", .whole = true},
    [LIST_WORKSHEET] = {.title = "WORKSHEET", .below = 8},
    [LIST_PRODUCT] = {.title = "PRODUCT", .below = 7},
    [LIST_AMOUNT] = {.title = "AMOUNT", .right = true, .below = 6},
    [LIST_STATUS] = {.title = "STATUS"},
    [LIST_REASON] = {.title = "REASON", .optional = true, .below = 5},
    [LIST_TEXT] = {.title = "REASON TEXT", .optional = true, .below = 1},
    [LIST_ATTEMPTS] = {.title = "ATTEMPTS", .right = true, .below = 4},
    [LIST_TIME] = {.title = "PLACED", .below = 2},
    [LIST_NEXT] = {.title = "NEXT ATTEMPT", .optional = true, .below = 3},
};

static const struct column errors_columns[LIST_COUNT] = {
    [LIST_WORKSHOP] = {.title = "WORKSHOP", .optional = true},
    [LIST_UNIQUEID] = {.title = "UNIQUEID", .whole = true},
    [LIST_WORKSHEET] = {.title = "WORKSHEET", .below = 6},
    [LIST_PRODUCT] = {.title = "PRODUCT", .below = 5},
    [LIST_AMOUNT] = {.title = "AMOUNT", .right = true, .below = 4},
    [LIST_STATUS] = {.title = "STATUS", .optional = true},
    [LIST_REASON] = {.title = "REASON", .below = 3},
    [LIST_TEXT] = {.title = "REASON TEXT", .below = 1},
    [LIST_ATTEMPTS] = {.title = "ATTEMPTS", .right = true, .optional = true},
    [LIST_TIME] = {.title = "SINCE", .below = 2},
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
print_table(const struct ctl *ctl, const json_t *orders)
{
    struct table *table = table_new(queue_columns, LIST_COUNT);
    size_t i;
    json_t *order;

    json_array_foreach(orders, i, order)
    {
        put_order(table, order, "placed_at");
        if (!ctl->args_count)
            table_json(table, LIST_WORKSHOP, COLOUR_NONE, json_object_get(order, "workshop"));
        table_state(table, LIST_STATUS, json_object_get(order, "status"));
        table_json(table, LIST_ATTEMPTS, COLOUR_NONE, json_object_get(order, "attempts"));
        table_time(table, LIST_NEXT, json_object_get(order, "next_attempt_at"));
    }
    if (json_array_size(orders) > 0) {
        table_print(table, &ctl->screen);
        putchar('\n');
    }
    table_free(table);
}

static void
print_queue(const struct ctl *ctl, const json_t *reply)
{
    const json_t *tasks = json_object_get(reply, "tasks");
    long long length = ctl_number(reply, "length");

    print_table(ctl, tasks);
    text_say("%s: %lld order%s in the queue, %zu shown", ctl_workshop(ctl, reply), length,
             plural(length), json_array_size(tasks));
}

static void
print_errors_hint(const struct ctl *ctl)
{
    char *workshop = ctl->args_count ? text_shell_quote(ctl->args[0]) : mem_string("WORKSHOP");

    text_say("To retry an order: pumplinectl retry %s UNIQUEID [--worksheet W] [--product P] "
             "[--amount A]",
             workshop);
    text_say("If entered by hand: pumplinectl resolve %s UNIQUEID --note TEXT", workshop);
    free(workshop);
}

void
orders_print_incomplete(const json_t *slugs)
{
    char *text = text_of_json(slugs);

    if (json_array_size(slugs))
        text_say("Not included, because they did not answer: %s", text);
    free(text);
}

static void
print_errors(const struct ctl *ctl, const json_t *reply)
{
    bool several = json_object_get(reply, "incomplete") != NULL;
    const json_t *orders = json_object_get(reply, "orders");
    struct table *table = table_new(errors_columns, LIST_COUNT);
    size_t i;
    json_t *order;

    json_array_foreach(orders, i, order)
    {
        put_order(table, order, "updated_at");
        if (several)
            table_json(table, LIST_WORKSHOP, COLOUR_NONE, json_object_get(order, "workshop"));
    }
    if (json_array_size(orders) > 0) {
        table_print(table, &ctl->screen);
        putchar('\n');
        print_errors_hint(ctl);
    } else {
        text_say("%s%sno orders in error", several ? "" : ctl_workshop(ctl, reply),
                 several ? "" : ": ");
    }
    orders_print_incomplete(json_object_get(reply, "incomplete"));
    table_free(table);
}

int
command_queue(struct ctl *ctl)
{
    json_t *whole;
    int result = ctl_pages(ctl, "queue?", "tasks", SIZE_MAX, &whole);

    if (result == CTL_OK)
        ctl_show(ctl, whole, print_queue);
    return result;
}

int
command_errors(struct ctl *ctl)
{
    json_t *whole;
    int result;

    if (ctl->args_count && strcmp(ctl->args[0], "all") == 0)
        ctl->args_count = 0;
    result = ctl_pages(ctl, "orders?status=error&", "orders", SIZE_MAX, &whole);
    if (result == CTL_OK)
        ctl_show(ctl, whole, print_errors);
    return result;
}

/* ---- orders, worksheet-orders ---- */

enum { ORDERS_DEFAULT = 100 };

/* Text for a file that grows with each parameter. */
static void
put_parameter(FILE *out, const char *name, const char *value)
{
    char *encoded = value ? client_encode(value) : NULL;

    if (encoded)
        fprintf(out, "%s=%s&", name, encoded);
    free(encoded);
}

char *
ctl_filter_query(const struct ctl *ctl)
{
    static const struct {
        enum ctl_option option;
        const char *name;
    } parameters[] = {{OPTION_STATUS, "status"},
                      {OPTION_REASON, "reason_code"},
                      {OPTION_WORKSHEET, "worksheet"},
                      {OPTION_PRODUCT, "product_nr"},
                      {OPTION_SEARCH, "q"},
                      {OPTION_FROM, "from"},
                      {OPTION_TO, "to"}};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        die_abort("out of memory");
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        put_parameter(out, parameters[i].name, ctl->options[parameters[i].option]);
    put_parameter(out, "needs_attention", ctl->options[OPTION_ATTENTION] ? "true" : NULL);
    fclose(out);
    return text;
}

static void
print_orders(const struct ctl *ctl, const json_t *reply)
{
    size_t count = json_array_size(json_object_get(reply, "orders"));

    print_table(ctl, json_object_get(reply, "orders"));
    text_say("%zu order%s%s", count, plural((long long)count),
             json_is_string(json_object_get(reply, "next")) ? "; there are more: use --limit" : "");
    orders_print_incomplete(json_object_get(reply, "incomplete"));
}

int
command_orders(struct ctl *ctl)
{
    char *filter = ctl_filter_query(ctl), *rest = mem_format("orders?%s", filter);
    json_t *whole;
    int result = ctl_pages(ctl, rest, "orders", ORDERS_DEFAULT, &whole);

    if (result == CTL_OK)
        ctl_show(ctl, whole, print_orders);
    free(rest);
    free(filter);
    return result;
}

static void
print_worksheet(const struct ctl *ctl, const json_t *reply)
{
    long long open = ctl_number(reply, "open");
    size_t count = json_array_size(json_object_get(reply, "orders"));

    print_table(ctl, json_object_get(reply, "orders"));
    text_say("%s: worksheet %s has %zu order%s, %lld of them open%s", ctl_workshop(ctl, reply),
             ctl->args[1], count, plural((long long)count), open,
             open ? ": do not invoice it yet" : "");
}

int
command_worksheet_orders(struct ctl *ctl)
{
    char *worksheet = client_encode(ctl->args[1]),
         *rest = mem_format("worksheets/%s/orders?", worksheet);
    json_t *whole;
    int result = ctl_pages(ctl, rest, "orders", SIZE_MAX, &whole);

    if (result == CTL_OK)
        ctl_show(ctl, whole, print_worksheet);
    free(rest);
    free(worksheet);
    return result;
}
