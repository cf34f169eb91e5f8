/* Integrations as a table of all, or one of them with its details. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/commands/status.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

enum {
    STATUS_WORKSHOP,
    STATUS_SLUG,
    STATUS_PORT,
    STATUS_ERP,
    STATUS_PROCESS,
    STATUS_WORKER,
    STATUS_QUEUE,
    STATUS_OLDEST,
    STATUS_ATTENTION,
    STATUS_RESTARTS,
    STATUS_PID,
    STATUS_UPTIME,
    STATUS_COUNT,
};

static const struct column status_columns[STATUS_COUNT] = {
    [STATUS_WORKSHOP] = {.title = "WORKSHOP", .flexible = true},
    [STATUS_SLUG] = {.title = "SLUG"},
    [STATUS_PORT] = {.title = "PORT", .right = true, .spare = true},
    [STATUS_ERP] = {.title = "ERP", .spare = true},
    [STATUS_PROCESS] = {.title = "PROCESS"},
    [STATUS_WORKER] = {.title = "WORKER", .below = 1},
    [STATUS_QUEUE] = {.title = "QUEUE", .right = true},
    [STATUS_OLDEST] = {.title = "OLDEST", .right = true},
    [STATUS_ATTENTION] = {.title = "ATTENTION", .right = true},
    [STATUS_RESTARTS] = {.title = "RESTARTS", .right = true, .spare = true},
    [STATUS_PID] = {.title = "PID", .right = true, .spare = true},
    [STATUS_UPTIME] = {.title = "UPTIME", .right = true, .spare = true},
};

/* A member of an integration: directly, as in /health, or inside "state", as in /workshops/{w}. */
static const json_t *
member(const json_t *integration, const char *name)
{
    const json_t *value = json_object_get(integration, name);

    return value ? value : json_object_get(json_object_get(integration, "state"), name);
}

static void
put_age(struct table *table, size_t column, const json_t *seconds)
{
    if (!json_is_number(seconds))
        return;
    char *age = text_age((long long)json_number_value(seconds));

    table_cell(table, column, COLOUR_NONE, "%s", age);
    free(age);
}

static void
put_states(struct table *table, const json_t *one)
{
    const char *process = json_string_value(member(one, "process"));
    const char *worker = json_string_value(member(one, "worker"));
    const char *reason = json_string_value(member(one, "worker_reason"));

    /* Stopped on purpose needs no colour. */
    if (json_is_false(member(one, "active")))
        table_cell(table, STATUS_PROCESS, COLOUR_NONE, "%s, inactive", process ? process : "-");
    else if (process)
        table_cell(table, STATUS_PROCESS, table_state_colour(process), "%s", process);
    if (worker)
        table_cell(table, STATUS_WORKER, table_state_colour(worker), "%s%s%s%s", worker,
                   reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
}

/* The configuration has "listen", the state "port"; a reply may contain either. */
static void
put_port(struct table *table, const json_t *one)
{
    const char *listen = json_string_value(json_object_get(one, "listen"));
    const char *colon = listen ? strrchr(listen, ':') : NULL;

    table_json(table, STATUS_PORT, COLOUR_NONE, member(one, "port"));
    if (!member(one, "port") && colon)
        table_cell(table, STATUS_PORT, COLOUR_NONE, "%s", colon + 1);
}

static void
put_integration(struct table *table, const json_t *one)
{
    const json_t *erp = member(one, "erp_system");
    const json_t *attention = member(one, "needs_attention");

    table_row(table);
    table_json(table, STATUS_WORKSHOP, COLOUR_NONE, member(one, "workshop"));
    table_json(table, STATUS_SLUG, COLOUR_NONE, member(one, "slug"));
    put_port(table, one);
    if (!erp)
        erp = json_object_get(json_object_get(one, "erp"), "system");
    table_json(table, STATUS_ERP, COLOUR_NONE, erp);
    put_states(table, one);
    table_json(table, STATUS_QUEUE, COLOUR_NONE, member(one, "queue_length"));
    put_age(table, STATUS_OLDEST, member(one, "oldest_placed_age_s"));
    table_json(table, STATUS_ATTENTION,
               json_integer_value(attention) > 0 ? COLOUR_BAD : COLOUR_NONE, attention);
    table_json(table, STATUS_RESTARTS, COLOUR_NONE, member(one, "restarts"));
    table_json(table, STATUS_PID, COLOUR_NONE, member(one, "pid"));
    put_age(table, STATUS_UPTIME, member(one, "uptime_s"));
}

static void
print_summary(const json_t *health)
{
    const json_t *summary = json_object_get(health, "summary");
    const char *version = json_string_value(json_object_get(health, "version"));
    char *uptime = text_age((long long)json_number_value(json_object_get(health, "uptime_s")));

    text_say("%lld workshop%s: %lld active, %lld running, %lld parked, %lld failed; "
             "%lld in the queues (pumplined %s, pid %lld, up %s)",
             ctl_number(summary, "total"), plural(ctl_number(summary, "total")),
             ctl_number(summary, "active"), ctl_number(summary, "running"),
             ctl_number(summary, "parked"), ctl_number(summary, "failed"),
             ctl_number(summary, "queue_length"), version ? version : "?",
             ctl_number(health, "pid"), uptime);
    free(uptime);
}

/* What must be fixed before it can run. */
static void
print_faults(const json_t *one)
{
    const json_t *fault;
    size_t i;

    json_array_foreach(member(one, "faults"), i, fault)
    {
        const char *pointer = json_string_value(json_object_get(fault, "pointer")) ?: "";

        text_say("%s: %s: %s%s%s", json_string_value(member(one, "workshop")) ?: "?",
                 json_string_value(json_object_get(fault, "file")) ?: "?", pointer,
                 *pointer ? ": " : "", json_string_value(json_object_get(fault, "detail")) ?: "?");
    }
}

void
status_print_all(const struct ctl *ctl, const json_t *health)
{
    struct table *table = table_new(status_columns, STATUS_COUNT);
    size_t i;
    json_t *one;

    json_array_foreach(json_object_get(health, "integrations"), i, one) put_integration(table, one);
    table_print(table, &ctl->screen);
    table_free(table);
    putchar('\n');
    json_array_foreach(json_object_get(health, "integrations"), i, one) print_faults(one);
    print_summary(health);
}

static void
print_last_exit(const json_t *last)
{
    char *at = text_time(json_string_value(json_object_get(last, "at")));
    const json_t *killed = json_object_get(last, "signal");
    bool by_signal = json_is_string(killed) || json_integer_value(killed) != 0;
    char *cause = text_of_json(by_signal ? killed : json_object_get(last, "code"));

    text_say("last exit: %s %s at %s", by_signal ? "signal" : "code", cause, at);
    free(cause);
    free(at);
}

/* Since when and why the worker is not running, and when it goes on by itself. */
static void
print_worker(const json_t *one)
{
    const char *worker = json_string_value(member(one, "worker"));
    const char *reason = json_string_value(member(one, "worker_reason"));
    const char *text = json_string_value(member(one, "worker_text"));
    const char *probe = json_string_value(member(one, "next_probe_at"));
    char *since = text_time(json_string_value(member(one, "worker_since")));
    const char *until = json_string_value(member(one, "worker_until"));
    char *at = text_time(probe), *again = text_time(until);

    if (worker && json_is_string(member(one, "worker_since")))
        text_say("worker: %s since %s", worker, since);
    if (text)
        text_say("worker's reason: %s", text);
    if (worker && reason && strcmp(worker, "parked") == 0 && strcmp(reason, "auth_failed") == 0)
        text_say("to go on: correct the credentials, or run `pumplinectl start-worker %s`",
                 json_string_value(member(one, "slug")) ?: "WORKSHOP");
    if (probe)
        text_say("next probe of the ERP: %s", at);
    if (until)
        text_say("worker starts again: %s", again);
    free(at);
    free(again);
    free(since);
}

/* The daemon's reason why it does not run. */
static void
print_last_error(const json_t *error)
{
    if (json_is_string(error))
        text_say("last error: %s", json_string_value(error));
}

static void
print_salvaged(const json_t *salvaged)
{
    long long orders = ctl_number(salvaged, "orders");
    char *at, *file;

    if (!json_is_object(salvaged))
        return;
    at = text_time(json_string_value(json_object_get(salvaged, "at")));
    file = text_of_json(json_object_get(salvaged, "file"));
    text_say(
        "queue salvaged at %s: %lld order%s, %lld need attention; the damaged file is kept as %s",
        at, orders, plural(orders), ctl_number(salvaged, "for_a_person"), file);
    free(file);
    free(at);
}

void
status_print_one(const struct ctl *ctl, const json_t *one)
{
    struct table *table = table_new(status_columns, STATUS_COUNT);

    put_integration(table, one);
    table_print(table, &ctl->screen);
    table_free(table);
    putchar('\n');
    if (json_is_object(member(one, "last_exit")))
        print_last_exit(member(one, "last_exit"));
    else
        text_say("last exit: none since the daemon started");
    print_worker(one);
    print_last_error(member(one, "last_error"));
    print_faults(one);
    print_salvaged(member(one, "salvaged"));
}
