/* The commands that show and switch integrations; orders.c has those about orders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

static void
print_put(const struct ctl *ctl, const json_t *reply)
{
    const struct put *put = &ctl->command->put;
    const json_t *was = json_object_get(reply, put->was ? put->was : "was_running");
    const char *process = json_string_value(json_object_get(reply, "process"));
    bool other = put->other && json_is_boolean(was) && json_is_true(was) == put->other_if;

    text_say("%s: %s%s%s", ctl_workshop(ctl, reply), other ? put->other : put->done,
             process ? "; process " : "", process ? process : "");
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

static void
print_cleared(const struct ctl *ctl, const json_t *reply)
{
    text_say("%s: %lld orders cleared, %lld still being processed", ctl_workshop(ctl, reply),
             ctl_number(reply, "cleared"), ctl_number(reply, "processing"));
    if (ctl_number(reply, "cleared") > 0)
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
