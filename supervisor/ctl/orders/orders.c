/* The commands that place an order and show one. mend.c repairs those in error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "supervisor/ctl/orders/orders.h"
#include "supervisor/ctl/term/input.h"
#include "supervisor/ctl/term/text.h"

int
orders_set_content(const struct ctl *ctl, json_t *body)
{
    int result = ctl_body_set(body, "worksheet", ctl->options[OPTION_WORKSHEET]);

    if (result == CTL_OK)
        result = ctl_body_set(body, "product_nr", ctl->options[OPTION_PRODUCT]);
    if (result == CTL_OK)
        result = ctl_body_set(body, "product_amount", ctl->options[OPTION_AMOUNT]);
    return result;
}

char *
orders_path(const struct ctl *ctl, const char *suffix)
{
    return ctl_path_of_second(ctl, "orders/", suffix);
}

/* ---- order ---- */

/* An order contains its workshop's full name, while the user may have given the slug. */
static int
order_set_workshop(struct ctl *ctl, json_t *body)
{
    json_t *alive;
    int result = ctl_call(ctl, "GET", ctl_path(ctl, "alive"), NULL, &alive);

    if (result != CTL_OK)
        return result;
    result = ctl_body_set(body, "workshop", ctl_workshop(ctl, alive));
    json_decref(alive);
    return result;
}

/* The ERP user's name and password, if they were requested. */
static int
order_set_credentials(const struct ctl *ctl, json_t *body)
{
    const char *username = ctl->options[OPTION_USERNAME];
    const char *source = ctl->options[OPTION_PASSWORD_FILE];

    if (!username && !source)
        return CTL_OK;
    if (!username) {
        text_complain("--password-file requires --username");
        return CTL_USAGE;
    }
    char *password = password_read(source);
    int result = password ? ctl_body_set(body, "username", username) : CTL_USAGE;

    if (result == CTL_OK)
        result = ctl_body_set(body, "password", password);
    secret_free(password);
    return result;
}

static void
print_order(const struct ctl *ctl, const json_t *reply)
{
    const char *id = json_string_value(json_object_get(reply, "uniqueid"));
    const char *status = json_string_value(json_object_get(reply, "status"));
    const json_t *length = json_object_get(reply, "queue_length");

    if (json_is_true(json_object_get(reply, "duplicate")))
        text_say("%s: %s is a duplicate of an order that is %s", ctl_workshop(ctl, reply),
                 id ? id : "it", status ? status : "known");
    else
        text_say("%s: %s is %s; queue length %lld", ctl_workshop(ctl, reply), id ? id : "it",
                 status ? status : "placed", json_integer_value(length));
}

static int
order_send(struct ctl *ctl, const json_t *body)
{
    json_t *reply;
    int result = ctl_call(ctl, "POST", ctl_path(ctl, "create"), body, &reply);

    if (result == CTL_OK)
        ctl_show(ctl, reply, print_order);
    if (result == CTL_UNREACHED)
        text_complain("the order may have been placed; to retry safely, repeat the command with "
                      "--id %s (it cannot be placed twice)",
                      json_string_value(json_object_get(body, "uniqueid")));
    return result;
}

int
command_order(struct ctl *ctl)
{
    json_t *body = json_object();
    char *made = ctl->options[OPTION_ID] ? NULL : uniqueid_new();
    const char *id = made ? made : ctl->options[OPTION_ID];
    int result = ctl_body_set(body, "uniqueid", id);

    if (result == CTL_OK)
        result = orders_set_content(ctl, body);
    if (result == CTL_OK)
        result = order_set_credentials(ctl, body);
    if (result == CTL_OK)
        result = order_set_workshop(ctl, body);
    if (result == CTL_OK) {
        /* Before sending, so that a user who interrupts knows which id to look up. */
        if (made)
            fprintf(stderr, "uniqueid %s\n", made);
        result = order_send(ctl, body);
    }
    json_decref(body);
    free(made);
    return result;
}

/* ---- order-status ---- */

static void
print_line(struct table *table, const char *label, const json_t *order, const char *name)
{
    table_row(table);
    table_cell(table, 0, COLOUR_BOLD, "%s", label);
    table_json(table, 1, COLOUR_NONE, json_object_get(order, name));
}

static void
print_order_status(const struct ctl *ctl, const json_t *order)
{
    static const struct column columns[] = {{0}, {0}};
    static const struct {
        const char *label, *name;
        void (*put)(struct table *table, size_t column, const json_t *value);
    } lines[] = {
        {"workshop", "workshop", NULL},
        {"uniqueid", "uniqueid", NULL},
        {"worksheet", "worksheet", NULL},
        {"product", "product_nr", NULL},
        {"amount", "product_amount", NULL},
        {"status", "status", table_state},
        {"reason", "reason_code", NULL},
        {"reason text", "reason_text", NULL},
        {"attempts", "attempts", NULL},
        {"placed", "placed_at", table_time},
        {"updated", "updated_at", table_time},
        {"next attempt", "next_attempt_at", table_time},
        {"ERP reference", "erp_reference", NULL},
        {"ERP product", "erp_product", NULL},
        {"ERP amount", "erp_amount", NULL},
        {"by hand", "by_hand", NULL},
        {"needs attention", "needs_attention", NULL},
    };
    struct table *table = table_new(columns, 2);
    /* All texts of a single order are shown in full. */
    struct screen uncut = {.colour = ctl->screen.colour};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        print_line(table, lines[i].label, order, lines[i].name);
        if (lines[i].put)
            lines[i].put(table, 1, json_object_get(order, lines[i].name));
    }
    table_print(table, &uncut);
    table_free(table);
}

enum {
    HISTORY_AT,
    HISTORY_STATUS,
    HISTORY_ATTEMPT,
    HISTORY_TOOK,
    HISTORY_REASON,
    HISTORY_TEXT,
    HISTORY_REFERENCE,
    HISTORY_CHANGES,
    HISTORY_BY,
    HISTORY_NOTE,
    HISTORY_EVIDENCE,
    HISTORY_COUNT,
};

static const struct column history_columns[HISTORY_COUNT] = {
    [HISTORY_AT] = {.title = "AT"},
    [HISTORY_STATUS] = {.title = "STATUS"},
    [HISTORY_ATTEMPT] = {.title = "ATTEMPT", .right = true},
    [HISTORY_TOOK] = {.title = "MS", .right = true, .optional = true},
    [HISTORY_REASON] = {.title = "REASON", .optional = true, .below = 5},
    [HISTORY_TEXT] = {.title = "REASON TEXT", .optional = true, .below = 1},
    [HISTORY_REFERENCE] = {.title = "REFERENCE", .optional = true, .below = 4},
    [HISTORY_CHANGES] = {.title = "CHANGES", .optional = true, .below = 3}, /* by a retry */
    [HISTORY_BY] = {.title = "BY", .optional = true, .below = 4},
    [HISTORY_NOTE] = {.title = "NOTE", .optional = true, .below = 2},
    [HISTORY_EVIDENCE] = {.title = "EVIDENCE", .optional = true, .below = 2},
};

/* "worksheet 558 -> 559, product_amount 5 -> 6" */
static void
put_changes(struct table *table, const json_t *changes)
{
    char text[512] = "";
    size_t used = 0;
    const char *name;
    json_t *pair;

    json_object_foreach((json_t *)changes, name, pair)
    {
        const char *was = json_string_value(json_array_get(pair, 0));
        const char *now = json_string_value(json_array_get(pair, 1));

        if (was && now && used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s -> %s",
                                     used ? ", " : "", name, was, now);
    }
    if (used)
        table_cell(table, HISTORY_CHANGES, COLOUR_NONE, "%s", text);
}

/* "oilmat (token)"; the worker itself: nothing */
static void
put_author(struct table *table, const json_t *by)
{
    const char *who = json_string_value(json_object_get(by, "who"));
    const char *via = json_string_value(json_object_get(by, "via"));

    if (who)
        table_cell(table, HISTORY_BY, COLOUR_NONE, "%s (%s)", who, via ? via : "?");
}

static void
put_evidence(struct table *table, const json_t *names)
{
    char text[512] = "";
    size_t i, used = 0;
    json_t *name;

    json_array_foreach(names, i, name)
    {
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "",
                                     json_string_value(name));
    }
    if (used)
        table_cell(table, HISTORY_EVIDENCE, COLOUR_NONE, "%s", text);
}

static void
print_history(const struct ctl *ctl, const json_t *reply)
{
    struct table *table = table_new(history_columns, HISTORY_COUNT);
    size_t i;
    json_t *change;

    json_array_foreach(json_object_get(reply, "history"), i, change)
    {
        table_row(table);
        table_time(table, HISTORY_AT, json_object_get(change, "at"));
        table_state(table, HISTORY_STATUS, json_object_get(change, "status"));
        table_json(table, HISTORY_REASON, COLOUR_NONE, json_object_get(change, "reason_code"));
        table_json(table, HISTORY_TEXT, COLOUR_NONE, json_object_get(change, "reason_text"));
        table_json(table, HISTORY_ATTEMPT, COLOUR_NONE, json_object_get(change, "attempt"));
        table_json(table, HISTORY_TOOK, COLOUR_NONE, json_object_get(change, "duration_ms"));
        table_json(table, HISTORY_REFERENCE, COLOUR_NONE, json_object_get(change, "erp_reference"));
        table_json(table, HISTORY_NOTE, COLOUR_NONE, json_object_get(change, "note"));
        put_author(table, json_object_get(change, "by"));
        put_changes(table, json_object_get(change, "changes"));
        put_evidence(table, json_object_get(change, "evidence"));
    }
    table_print(table, &ctl->screen);
    table_free(table);
}

int
command_order_status(struct ctl *ctl)
{
    if (ctl->options[OPTION_HISTORY])
        return ctl_run(ctl, "GET", orders_path(ctl, "/history"), NULL, print_history);
    return ctl_run(ctl, "GET", ctl_path_of_second(ctl, "get_order_status?uniqueid=", ""), NULL,
                   print_order_status);
}
