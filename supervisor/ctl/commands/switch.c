/* The commands that show and switch integrations; orders.c has those about orders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

static void
print_put(const struct ctl *ctl, const json_t *reply)
{
    const struct put *put = &ctl->command->put;
    const json_t *was = json_object_get(reply, put->was ? put->was : "was_running");
    bool other = put->other && json_is_boolean(was) && json_is_true(was) == put->other_if;
    char *process = ctl_process_text(reply);

    text_say("%s: %s%s", ctl_workshop(ctl, reply), other ? put->other : put->done, process);
    free(process);
}

static int
put_one(struct ctl *ctl)
{
    return ctl_run(ctl, "PUT", ctl_path(ctl, ctl->command->put.action), NULL, print_put);
}

int
command_put(struct ctl *ctl)
{
    return ctl_each(ctl, put_one);
}

static const struct {
    char name;
    int64_t ms;
} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};

/* "2h" from now as the daemon takes it; other texts are for the daemon to read. */
static void
time_text(const char *given, char *text, size_t size)
{
    size_t digits = strspn(given, "0123456789");
    char time[CLOCK_TEXT_BYTES];

    text_copy(text, size, given);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (digits && digits <= 6 && given[digits] == units[i].name && !given[digits + 1]) {
            clock_text(clock_wall_ms() + strtol(given, NULL, 10) * units[i].ms, time);
            text_copy(text, size, time);
        }
}

static int
stop_one(struct ctl *ctl)
{
    const char *until = ctl->options[OPTION_UNTIL];
    json_t *body = json_object();
    char time[64];
    int result = ctl_body_set(body, "reason", ctl->options[OPTION_REASON]);

    if (until)
        time_text(until, time, sizeof time);
    if (result == CTL_OK)
        result = ctl_body_set(body, "until", until ? time : NULL);
    if (result != CTL_OK || !json_object_size(body)) {
        json_decref(body);
        body = NULL;
    }
    return result == CTL_OK
               ? ctl_run(ctl, "PUT", ctl_path(ctl, ctl->command->put.action), body, print_put)
               : result;
}

int
command_stop_worker(struct ctl *ctl)
{
    return ctl_each(ctl, stop_one);
}

static void
print_cleared(const struct ctl *ctl, const json_t *reply)
{
    long long cleared = ctl_number(reply, "cleared");

    text_say("%s: %lld order%s cleared, %lld still being processed", ctl_workshop(ctl, reply),
             cleared, plural(cleared), ctl_number(reply, "processing"));
    if (cleared > 0)
        text_say("Cleared orders are listed by `errors` with the reason cleared; `retry` places "
                 "one again.");
}

static int
clear_one(struct ctl *ctl)
{
    return ctl_run(ctl, "PUT", ctl_path(ctl, "clear_queue"), NULL, print_cleared);
}

int
command_clear_queue(struct ctl *ctl)
{
    return ctl_each(ctl, clear_one);
}

/* Empty lists of what was not applied are not worth showing. */
static void
print_needs_restart(const json_t *members)
{
    char *text = text_of_json(members);

    if (json_array_size(members))
        text_say("restart the daemon to apply: %s", text);
    free(text);
}

/* The affected integration, as the daemon names it. */
static void
print_reload(const struct ctl *ctl, const json_t *reply)
{
    const char *name;
    json_t *value;

    (void)ctl;
    text_say("configuration reloaded");
    json_object_foreach((json_t *)reply, name, value)
    {
        char *text = text_of_json(value);

        if (strcmp(name, "needs_restart"))
            text_say("  %s: %s", name, text);
        free(text);
    }
    print_needs_restart(json_object_get(reply, "needs_restart"));
}

int
command_reload(struct ctl *ctl)
{
    return ctl_run(ctl, "PUT", mem_string("/reload"), NULL, print_reload);
}
