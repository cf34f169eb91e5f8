/* What a child says on its channel. */
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "supervisor/child_state.h"

static void
take_rekeyed(struct child *child, const json_t *message)
{
    child->rekeyed = child->told && json_is_true(json_object_get(message, "rekeyed"));
}

static void
on_ready(struct child *child, const json_t *message)
{
    if (child->state != CHILD_STARTING)
        return;
    fault_here("child.ready");
    child->was_ready = true;
    child->ready_ms = clock_monotonic_ms();
    child->failures = child->unanswered = 0;
    child->last_error[0] = '\0';
    take_rekeyed(child, message);
    child_move(child, CHILD_RUNNING, CHILD_PING_MS, "process %ld is ready", (long)child->pid);
}

static void
on_status(struct child *child, const json_t *message)
{
    json_t *alive = json_object_get(message, "alive");
    const char *worker = json_string_value(json_object_get(alive, "worker"));

    if (!json_is_object(alive))
        return;
    json_decref(child->alive);
    child->alive = json_incref(alive);
    /* On its way out a worker may well call itself stopped: that is nobody's wish. */
    if (worker && child->state == CHILD_RUNNING)
        child->worker_wanted = strcmp(worker, "stopped") != 0;
    child->host->changed(child, child->host->arg);
}

static void
on_pong(struct child *child, const json_t *message)
{
    (void)message;
    child->unanswered = 0;
}

static void
on_reply(struct child *child, const json_t *message)
{
    child->host->replied(child, message, child->host->arg);
}

/* Its last words: why it can't start. */
static void
on_refused(struct child *child, const json_t *message)
{
    const char *reason = json_string_value(json_object_get(message, "reason"));

    if (child->was_ready || !reason)
        return;
    text_copy(child->last_error, sizeof child->last_error, reason);
    text_clean(child->last_error);
}

static void
on_killed(struct child *child, const json_t *message)
{
    (void)message;
    child->wanted = CHILD_DOWN;
    child_close_listener(child);
    if (child->state != CHILD_STOPPING)
        child_leave(child, CHILD_KILLED_ITSELF_MS, "a client killed process %ld", (long)child->pid);
}

static void
on_bye(struct child *child, const json_t *message)
{
    json_t *waiting = json_object_get(message, "waiting");

    if (json_is_integer(waiting))
        child->waiting = json_integer_value(waiting);
    child->left_open = json_is_true(json_object_get(message, "open"));
    take_rekeyed(child, message);
}

void
child_message(json_t *message, void *arg)
{
    static const struct {
        const char *type;
        void (*handle)(struct child *child, const json_t *message);
    } messages[] = {{"ready", on_ready},    {"status", on_status},   {"pong", on_pong},
                    {"reply", on_reply},    {"refused", on_refused}, {"killed", on_killed},
                    {"sweep", child_sweep}, {"bye", on_bye}};
    struct child *child = arg;
    const char *type = json_string_value(json_object_get(message, "type"));

    for (size_t i = 0; type && i < sizeof messages / sizeof *messages; i++)
        if (strcmp(type, messages[i].type) == 0) {
            messages[i].handle(child, message);
            return;
        }
    log_about(LOG_WARNING, child->workshop->name, "a message of unknown type on its channel");
}
