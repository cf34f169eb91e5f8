/* Commands and their replies. */
#include "supervisor/control/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "supervisor/monitoring/view.h"

struct waiting {
    TAILQ_ENTRY(waiting) link;
    struct commands *commands;
    enum command command;
    const struct child *child;
    pid_t pid; /* of the process at the time of the command; 0: none */
    json_t *first;
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
        return child->status.alive &&
               !child->tokens_sent; /* the reply shows the one, promises the other */
    return child->state != CHILD_STARTING && child->state != CHILD_STOPPING;
}

static bool
has_gone(const struct child *child, pid_t pid)
{
    return child->state != CHILD_STOPPING && (!pid || child->pid != pid);
}

/* Starting an integration also starts its worker, even if it was stopped. */
static void
start_whole(struct child *child)
{
    child->worker_wanted = child->worker_known = true;
    child_start(child);
}

static void
restart_whole(struct child *child)
{
    child_restart(child);
    child->worker_wanted = child->worker_known = true;
}

/* patient: the awaited change comes by itself, within stop_timeout_s. */
static const struct {
    const char *name;                 /* in the path; NULL: none */
    void (*run)(struct child *child); /* NULL: nothing */
    bool (*done)(const struct child *child, pid_t pid);
    json_t *(*view)(const struct child *child); /* additional members of the reply; NULL: none */
    bool patient;
    bool tells; /* the reply includes workshop and was_running */
} commands_known[COMMANDS] = {
    [COMMAND_START] = {"start", start_whole, has_settled, view_integration, .tells = true},
    [COMMAND_STOP] = {"stop", child_stop, has_gone, view_integration, .patient = true,
                      .tells = true},
    [COMMAND_RESTART] = {"restart", restart_whole, has_settled, view_integration, .tells = true},
    [COMMAND_KILL] = {"kill", child_kill, has_gone, .patient = true, .tells = true},
    [COMMAND_ACTIVATE] = {"activate", start_whole, has_settled, view_integration, .tells = true},
    [COMMAND_DEACTIVATE] = {"deactivate", child_stop, has_gone, view_integration, .patient = true,
                            .tells = true},
    [COMMAND_CONFIGURE] = {.done = has_settled, .view = view_workshop},
    [COMMAND_TOKENS] = {.done = has_settled, .view = view_tokens}};

bool
command_done(enum command command, const struct child *child, pid_t pid)
{
    return commands_known[command].done(child, pid);
}

bool
command_named(const char *segment)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands_known[i].name && strcmp(segment, commands_known[i].name) == 0)
            return true;
    return false;
}

static json_t *
first_members(json_t *first, enum command command, const struct child *child)
{
    json_t *reply = first ?: json_object(), *told;

    if (!commands_known[command].tells)
        return reply;
    told = json_pack("{ss sb}", "workshop", child->workshop->name, "was_running", child->pid != 0);
    json_object_update_missing(reply, told);
    json_decref(told);
    return reply;
}

static void
answer(struct waiting *waiting)
{
    json_t *(*view_of)(const struct child *child) = commands_known[waiting->command].view;
    json_t *view = view_of ? view_of(waiting->child) : NULL;

    TAILQ_REMOVE(&waiting->commands->open, waiting, link);
    if (view)
        json_object_update_missing(waiting->first, view);
    json_decref(view);
    call_reply(waiting->call, 200, waiting->first);
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

    waiting->timer = loop_timer(waiting->commands->base, on_late, waiting);
    if (!commands_known[waiting->command].patient)
        evtimer_add(waiting->timer, &patience);
    TAILQ_INSERT_TAIL(&waiting->commands->open, waiting, link);
}

void
commands_do(struct commands *commands, enum command command, struct child *child, struct call *call,
            json_t *first)
{
    struct waiting *waiting = mem_alloc(sizeof *waiting);

    *waiting = (struct waiting){.commands = commands,
                                .command = command,
                                .child = child,
                                .pid = child->pid,
                                .first = first_members(first, command, child),
                                .call = call};
    if (commands_known[command].run)
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
