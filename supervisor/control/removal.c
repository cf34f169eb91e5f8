/* Removing workshops. */
#include "supervisor/control/removal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/log.h"
#include "common/base/loop.h"
#include "supervisor/control/internal.h"
#include "supervisor/daemon/apply.h"
#include "supervisor/daemon/archive.h"
#include "supervisor/daemon/children.h"
#include "supervisor/daemon/registry.h"

struct removal {
    TAILQ_ENTRY(removal) link;
    struct removals *removals;
    struct child *child;
    char slug[CONFIG_SLUG_MAX + 1];
    bool force;
    bool was_up;      /* it was wanted up, and is again if it stays */
    bool had_process; /* a process that reports at its end how many orders wait */
    bool counted;     /* a process has been started just for that */
    struct call *call;
    struct event *step; /* not from within the child's own callback */
};

struct removals {
    struct daemon *daemon;
    TAILQ_HEAD(, removal) open;
};

static void
end(struct removal *removal)
{
    TAILQ_REMOVE(&removal->removals->open, removal, link);
    event_free(removal->step);
    free(removal);
}

static void
refuse_waiting(struct call *call, json_int_t waiting)
{
    char *detail = mem_format("%lld order%s; add force=true to remove the workshop "
                              "and archive its queue",
                              (long long)waiting, waiting == 1 ? " is waiting" : "s are waiting");
    json_t *problem = problem_json(409, "orders_waiting", NULL, detail);

    json_object_set_new(problem, "waiting", json_integer(waiting));
    call_problem_json(call, problem);
    free(detail);
}

/* It stays, as it was. */
static void
call_off(struct removal *removal)
{
    if (removal->was_up && removal->child->workshop->active)
        child_start(removal->child);
    end(removal);
}

/* Changes only `active` of the workshop, on disk and then in memory. */
static int
set_active(struct removal *removal, bool active, struct err *err)
{
    struct daemon *daemon = removal->removals->daemon;
    json_t *document = json_deep_copy(removal->child->workshop->document);
    struct workshop_config *workshop;
    int result;

    json_object_set_new(document, "active", json_boolean(active));
    workshop = workshop_config_again(removal->child->workshop, document);
    json_decref(document);
    result = registry_write(daemon->config, workshop, err);
    if (result == 0)
        apply_workshop(daemon, workshop);
    else
        workshop_config_free(workshop);
    return result;
}

/* Writing failed. If the queue is still in its place, the workshop serves again; if it has been
 * moved, a new queue would know nothing of its orders, so the workshop stays inactive until DELETE
 * is requested again. */
static void
fail(struct removal *removal, bool was_active, const struct err *why)
{
    const struct daemon *daemon = removal->removals->daemon;
    struct err err;

    log_about(LOG_ERROR, removal->child->workshop->name, "%s", why->text);
    control_not_written(removal->call, why);
    if (was_active && !removal->child->workshop->active &&
        archive_has_queue(daemon->config, removal->slug) && set_active(removal, true, &err))
        log_about(LOG_ERROR, removal->child->workshop->name, "cannot activate it again: %s",
                  err.text);
    if (!removal->was_up)
        child_stop(removal->child);
    call_off(removal);
}

static json_t *
removed_json(const struct workshop_config *workshop, json_int_t waiting, const char *queue)
{
    return json_pack("{ss ss sb so ss?}", "workshop", workshop->name, "slug", workshop->slug,
                     "removed", 1, "waiting", waiting < 0 ? json_null() : json_integer(waiting),
                     "queue_kept", queue);
}

/* If the daemon dies here, the workshop is left inactive, and a repeated DELETE removes it. */
static void
carry_out(struct removal *removal, json_int_t waiting)
{
    struct daemon *daemon = removal->removals->daemon;
    const struct child *child = removal->child;
    bool was_active = child->workshop->active;
    json_t *reply;
    char *queue;
    struct err err;

    if ((was_active && set_active(removal, false, &err)) ||
        archive_workshop(daemon->config, child->workshop, &queue, &err)) {
        fail(removal, was_active, &err);
        return;
    }
    log_about(LOG_INFO, child->workshop->name, "removed; %s%s",
              queue ? "its queue is kept in " : "it had no queue", queue ?: "");
    reply = removed_json(child->workshop, waiting, queue);
    free(queue);
    apply_without(daemon, removal->slug);
    call_reply(removal->call, 200, reply);
    end(removal);
}

/* The best known figure: its last process reported it, and the queue has not been opened since. */
static bool
is_counted(const struct removal *removal)
{
    const struct daemon *daemon = removal->removals->daemon;

    return removal->force || removal->counted ||
           (removal->had_process && removal->child->waiting >= 0) ||
           !archive_has_queue(daemon->config, removal->slug);
}

static void
count(struct removal *removal)
{
    struct err err;

    removal->counted = true;
    if (child_maintain(removal->child, &err) == 0)
        return;
    call_problem(removal->call, 409, "queue_unknown", NULL, "cannot count the waiting orders: %s",
                 err.text);
    call_off(removal);
}

static void
decide(struct removal *removal)
{
    const struct daemon *daemon = removal->removals->daemon;
    json_int_t waiting = removal->child->waiting;

    if (!archive_has_queue(daemon->config, removal->slug))
        waiting = 0;
    if (removal->force || waiting == 0) {
        carry_out(removal, waiting);
        return;
    }
    if (waiting > 0)
        refuse_waiting(removal->call, waiting);
    else
        call_problem(removal->call, 409, "queue_unknown", NULL,
                     "cannot count the waiting orders: the process did not read the whole queue; "
                     "add force=true to remove the workshop and archive its queue");
    call_off(removal);
}

static bool
is_there(const struct removal *removal)
{
    return children_find(removal->removals->daemon, removal->slug) == removal->child;
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
    struct removal *removal = arg;

    (void)fd;
    (void)what;
    if (!is_there(removal)) {
        call_problem(removal->call, 404, "unknown_workshop", NULL,
                     "the workshop has been removed from the configuration meanwhile");
        end(removal);
    } else if (removal->removals->daemon->stopping) {
        call_problem(removal->call, 503, "stopping", NULL, "the daemon is stopping");
        end(removal);
    } else if (removal->child->wanted == CHILD_UP) {
        call_problem(removal->call, 409, "started", NULL,
                     "not removed: the workshop was started meanwhile");
        end(removal);
    } else if (!child_at_rest(removal->child)) {
        return;
    } else if (is_counted(removal)) {
        decide(removal);
    } else {
        count(removal);
    }
}

static void
step_soon(struct removal *removal)
{
    struct timeval now = {0};

    evtimer_add(removal->step, &now);
}

static struct removal *
find(const struct removals *removals, const struct child *child)
{
    struct removal *removal;

    TAILQ_FOREACH(removal, &removals->open, link)
        if (removal->child == child)
            break;
    return removal;
}

static void
begin(struct removals *removals, struct child *child, bool force, struct call *call)
{
    struct removal *removal = mem_alloc(sizeof *removal);

    *removal = (struct removal){.removals = removals,
                                .child = child,
                                .force = force,
                                .was_up = child->wanted == CHILD_UP,
                                .had_process = child->pid != 0,
                                .call = call,
                                .step = loop_timer(removals->daemon->base, on_step, removal)};
    text_copy(removal->slug, sizeof removal->slug, child->workshop->slug);
    TAILQ_INSERT_TAIL(&removals->open, removal, link);
    log_about(LOG_INFO, child->workshop->name, "removing%s", force ? ", forced" : "");
    child_stop(child);
    step_soon(removal);
}

void
removals_begin(struct removals *removals, struct child *child, bool force, struct call *call)
{
    json_int_t waiting = child->status.queue_length;

    if (find(removals, child))
        call_problem(call, 409, "being_removed", NULL, "the workshop is already being removed");
    else if (waiting > 0 && !force)
        refuse_waiting(call, waiting);
    else
        begin(removals, child, force, call);
}

void
removals_changed(struct removals *removals, const struct child *child)
{
    struct removal *removal = find(removals, child);

    if (removal)
        step_soon(removal);
}

struct removals *
removals_new(struct daemon *daemon)
{
    struct removals *removals = mem_alloc(sizeof *removals);

    removals->daemon = daemon;
    TAILQ_INIT(&removals->open);
    return removals;
}

void
removals_free(struct removals *removals)
{
    struct removal *removal;

    while ((removal = TAILQ_FIRST(&removals->open))) {
        call_problem(removal->call, 503, "stopping", NULL, "the daemon is stopping");
        end(removal);
    }
    free(removals);
}
