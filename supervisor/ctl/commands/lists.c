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
    char *workshop = ctl->args_count ? text_shell_quote(ctl->args[0]) : mem_string("WORKSHOP");

    text_say("To retry an order: pumplinectl retry %s UNIQUEID [--worksheet W] [--product P] "
             "[--amount A]",
             workshop);
    text_say("If entered by hand: pumplinectl resolve %s UNIQUEID --note TEXT", workshop);
    free(workshop);
}

static void
print_incomplete(const json_t *slugs)
{
    char *text = text_of_json(slugs);

    if (json_array_size(slugs))
        text_say("Not included, as it could not be asked: %s", text);
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
    print_incomplete(json_object_get(reply, "incomplete"));
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

/* Appends the orders in error of one workshop. One that cannot be asked goes to `incomplete`: an
 * inactive one as a matter of course, another after its refusal has been reported. */
static int
append_errors(struct ctl *ctl, const json_t *integration, json_t *whole)
{
    const char *slug = json_string_value(json_object_get(integration, "slug")) ?: "";
    struct ctl one = *ctl;
    json_t *reply;
    int result;

    if (json_is_false(json_object_get(integration, "active"))) {
        json_array_append_new(json_object_get(whole, "incomplete"), json_string(slug));
        return CTL_OK;
    }
    one.args = &slug;
    one.args_count = 1;
    one.results = json_array(); /* a refusal names the workshop and is not the reply */
    result = pages_fetch(&one, "orders?status=error&", "orders", &reply);
    json_decref(one.results);
    if (result != CTL_OK) {
        json_array_append_new(json_object_get(whole, "incomplete"), json_string(slug));
        return result;
    }
    json_array_extend(json_object_get(whole, "orders"), json_object_get(reply, "orders"));
    json_decref(reply);
    return CTL_OK;
}

/* --limit is that of each workshop. */
static int
fetch_all_errors(struct ctl *ctl, json_t **whole)
{
    json_t *health, *one;
    size_t i;
    int worst, result;

    *whole = NULL;
    worst = ctl_call(ctl, "GET", mem_string("/health"), NULL, &health);
    if (worst != CTL_OK)
        return worst;
    *whole = json_pack("{s[] s[]}", "orders", "incomplete");
    json_array_foreach(json_object_get(health, "integrations"), i, one)
    {
        if (worst == CTL_UNREACHED)
            break;
        result = append_errors(ctl, one, *whole);
        worst = result > worst ? result : worst;
    }
    json_decref(health);
    return worst;
}

static int
errors_of_all(struct ctl *ctl)
{
    json_t *whole;
    int result = fetch_all_errors(ctl, &whole);

    if (whole && result != CTL_UNREACHED)
        ctl_show(ctl, whole, print_errors);
    else
        json_decref(whole);
    return result;
}

int
command_errors(struct ctl *ctl)
{
    if (!ctl->args_count || strcmp(ctl->args[0], "all") == 0)
        return errors_of_all(ctl);

    json_t *whole;
    int result = pages_fetch(ctl, "orders?status=error&", "orders", &whole);

    if (result == CTL_OK)
        ctl_show(ctl, whole, print_errors);
    return result;
}
