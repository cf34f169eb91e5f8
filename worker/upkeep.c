#include "worker/upkeep.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/http/server.h"
#include "common/sandbox/sandbox.h"
#include "worker/callback/callbacks.h"
#include "worker/delivery/evidence.h"
#include "worker/queue/queue.h"
#include "worker/reconcile/reconcile.h"
#include "worker/setup.h"

#define EXPIRE_FIRST_MS 5000
#define EXPIRE_NEXT_MS 3600000
#define EXPIRE_ORDERS 200     /* per transaction, so that no client waits long */
#define TICK_MS 10000         /* the supervisor pings after 11 s of silence, */
#define ASLEEP_TICK_MS 600000 /* of one that is asleep after 660 s */
/* From one look at the watched files to the next; in trouble or asleep: 1. */
#define WATCH_TICKS 2
#define RENEWAL_SPREAD_MS 60000
#define RENEWAL_FIRST_MS 12000 /* sooner, the supervisor would take it for a crash at the start */
#define DAY_MS 86400000LL
#define CHECK_NEXT_MS 5 /* a part of the check takes less */

/* --- replaced files --- */

static void
on_renewal(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;

    (void)fd;
    (void)what;
    if (w->drain.stop_by_ms)
        return;
    w->outdated = true;
    w->upkeep.stop(w);
}

static int64_t
random_ms(unsigned most)
{
    unsigned number;

    secret_random((unsigned char *)&number, sizeof number);
    return number % most;
}

/* Certificates are likely to be those of other workshops, too. */
static bool
is_shared(const struct worker *w, const char *path)
{
    const struct pinned_path *ca_file = w->allowlist.ca_file;

    return path && ca_file && strcmp(path, ca_file->path) == 0;
}

/* Files of the system concern all workers of this machine, which must not restart at once. */
static void
watch(struct worker *w)
{
    const char *path;
    struct timeval pause;
    bool own = false;

    if (w->drain.stop_by_ms || evtimer_pending(w->renewal, NULL))
        return;
    path = sandbox_outdated();
    if (!path && delivery_troubled(w->delivery)) {
        path = allowlist_outdated(&w->allowlist);
        own = !is_shared(w, path);
    }
    if (!path)
        return;
    log_warning("%s has changed since this process started: restarting%s", path,
                own ? "" : " within a minute");
    pause =
        clock_timeval(own ? 0 : RENEWAL_FIRST_MS + random_ms(RENEWAL_SPREAD_MS - RENEWAL_FIRST_MS));
    evtimer_add(w->renewal, &pause);
}

/* No client, order, callback or reconciliation waits. */
static bool
has_nothing_to_do(const struct worker *w)
{
    return !http_server_connections(w->server) && !queue_length(w->queue) &&
           !queue_callbacks_waiting(w->queue) && !delivery_troubled(w->delivery) &&
           !reconcile_job(w->reconcile);
}

static void
arm_tick(struct worker *w, int64_t wait_ms)
{
    struct timeval next = clock_timeval(wait_ms);

    evtimer_add(w->tick, &next);
}

/* Spreads the wake-ups of workers that fell asleep together, as after a start of the daemon. */
static int64_t
sleep_ms(bool already)
{
    return already ? ASLEEP_TICK_MS : random_ms(ASLEEP_TICK_MS);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    bool already = w->asleep;

    (void)fd;
    (void)what;
    w->asleep = has_nothing_to_do(w);
    arm_tick(w, w->asleep ? sleep_ms(already) : TICK_MS);
    if (w->ticks++ % WATCH_TICKS == 0 || w->asleep || delivery_troubled(w->delivery))
        watch(w);
    callbacks_wake(w->callbacks);
    w->events.tick(w->events.arg);
}

void
upkeep_wake(struct worker *w)
{
    if (!w->asleep)
        return;
    w->asleep = false;
    arm_tick(w, TICK_MS);
    w->events.tick(w->events.arg);
}

/* --- retention --- */

static void
on_expire(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    int64_t wall_ms = clock_wall_ms(),
            before_ms = queue_trusted_ms(w->queue, wall_ms, clock_monotonic_ms()) -
                        w->workshop->retention_days * DAY_MS;
    bool sure = queue_disk_agrees(w->queue, wall_ms);
    struct timeval next = clock_timeval(EXPIRE_NEXT_MS);
    struct err err;
    int count = sure ? queue_expire(w->queue, before_ms, EXPIRE_ORDERS, &err) : 0;

    (void)fd;
    (void)what;
    if (sure)
        evidence_expire(queue_folder(w->queue), before_ms);
    else if (!w->unsure)
        log_warning("keeping expired orders: this machine's clock and the disk's differ by more "
                    "than an hour");
    w->unsure = !sure;
    if (count < 0)
        log_warning("cannot remove old orders: %s", err.text);
    else if (count) {
        log_info("removed %d order%s older than %u days", count, plural(count),
                 w->workshop->retention_days);
        w->events.changed(w->events.arg);
    }
    if (count == EXPIRE_ORDERS)
        next = clock_timeval(1);
    evtimer_add(w->expire, &next);
}

/* --- a queue that was not closed --- */

static void
on_check(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    struct timeval next = clock_timeval(CHECK_NEXT_MS);
    struct err err;
    int more = w->drain.stop_by_ms ? 0 : queue_check_part(w->queue, &err);

    (void)fd;
    (void)what;
    if (more > 0) {
        evtimer_add(w->check, &next);
    } else if (more < 0) {
        log_error("the check of the queue found damage: %s", err.text);
        w->upkeep.changed(w);
    }
}

/* --- the contract --- */

void
upkeep_start(struct worker *w, const struct upkeep_events *events)
{
    struct timeval first = clock_timeval(EXPIRE_FIRST_MS), tick = clock_timeval(TICK_MS),
                   soon = clock_timeval(CHECK_NEXT_MS);

    w->upkeep = *events;
    w->expire = loop_timer(w->base, on_expire, w);
    w->tick = loop_timer(w->base, on_tick, w);
    w->check = loop_timer(w->base, on_check, w);
    w->renewal = loop_timer(w->base, on_renewal, w);
    evtimer_add(w->expire, &first);
    evtimer_add(w->check, &soon);
    evtimer_add(w->tick, &tick);
}

void
upkeep_end(struct worker *w)
{
    event_free(w->expire);
    event_free(w->tick);
    event_free(w->check);
    event_free(w->renewal);
}
