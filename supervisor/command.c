/* Commands and their replies. */
#include "supervisor/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/clock.h"
#include "supervisor/view.h"

struct waiting {
    TAILQ_ENTRY(waiting) link;
    struct commands *commands;
    enum command command;
    const struct child *child;
    pid_t pid; /* of the process that it found; 0: none */
    bool was_running;
    struct call *call;
    struct event *timer;
};

struct commands {
    struct event_base *base;
    TAILQ_HEAD(, waiting) open;
};

static bool
has_settled(const struct child *child, pid_t pid)
{
    (void)pid;
    if (child->state == CHILD_RUNNING)
        return child->alive != NULL; /* the reply shows it */
    return child->state != CHILD_STARTING && child->state != CHILD_STOPPING;
}

static bool
has_gone(const struct child *child, pid_t pid)
{
    return child->state != CHILD_STOPPING && (!pid || child->pid != pid);
}

/* Who starts an integration wants its worker too, also one that somebody has stopped. */
static void
start_whole(struct child *child)
{
    child->worker_wanted = true;
    child_start(child);
}

static void
restart_whole(struct child *child)
{
    child_restart(child);
    child->worker_wanted = true;
}

/* patient: what is waited for comes by itself, in stop_timeout_s at the latest. */
static const struct {
    const char *name;
    void (*run)(struct child *child);
    bool (*done)(const struct child *child, pid_t pid);
    bool patient, brief;
} commands_known[COMMANDS] = {
    [COMMAND_START] = {"start", start_whole, has_settled, false, false},
    [COMMAND_STOP] = {"stop", child_stop, has_gone, true, false},
    [COMMAND_RESTART] = {"restart", restart_whole, has_settled, false, false},
    [COMMAND_KILL] = {"kill", child_kill, has_gone, true, true}};

bool
command_done(enum command command, const struct child *child, pid_t pid)
{
    return commands_known[command].done(child, pid);
}

bool
command_named(const char *segment)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(segment, commands_known[i].name) == 0)
            return true;
    return false;
}

static void
answer(struct waiting *waiting)
{
    json_t *reply = json_pack("{ss sb}", "workshop", waiting->child->workshop->name, "was_running",
                              waiting->was_running);

    TAILQ_REMOVE(&waiting->commands->open, waiting, link);
    if (!commands_known[waiting->command].brief) {
        json_t *view = view_integration(waiting->child);

        json_object_update_missing(reply, view);
        json_decref(view);
    }
    call_reply(waiting->call, 200, reply);
    event_free(waiting->timer);
    free(waiting);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    answer(arg);
}

static void
wait_for(struct waiting *waiting)
{
    struct timeval patience = clock_timeval(COMMAND_PATIENCE_MS);

    waiting->timer = evtimer_new(waiting->commands->base, on_late, waiting);
    if (!waiting->timer)
        die_abort("no memory for a timer");
    if (!commands_known[waiting->command].patient)
        evtimer_add(waiting->timer, &patience);
    TAILQ_INSERT_TAIL(&waiting->commands->open, waiting, link);
}

void
commands_do(struct commands *commands, enum command command, struct child *child, struct call *call)
{
    struct waiting *waiting = mem_alloc(sizeof *waiting);

    *waiting = (struct waiting){.commands = commands,
                                .command = command,
                                .child = child,
                                .pid = child->pid,
                                .was_running = child->pid != 0,
                                .call = call};
    commands_known[command].run(child);
    wait_for(waiting);
    if (command_done(command, child, waiting->pid))
        answer(waiting);
}

void
commands_changed(struct commands *commands, const struct child *child)
{
    struct waiting *waiting = TAILQ_FIRST(&commands->open);

    while (waiting) {
        struct waiting *next = TAILQ_NEXT(waiting, link);

        if (waiting->child == child && command_done(waiting->command, child, waiting->pid))
            answer(waiting);
        waiting = next;
    }
}

struct commands *
commands_new(struct event_base *base)
{
    struct commands *commands = mem_alloc(sizeof *commands);

    commands->base = base;
    TAILQ_INIT(&commands->open);
    return commands;
}

void
commands_free(struct commands *commands)
{
    while (!TAILQ_EMPTY(&commands->open))
        answer(TAILQ_FIRST(&commands->open));
    free(commands);
}
