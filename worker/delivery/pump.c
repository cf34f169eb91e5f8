/* Starts orders that are due, as many as may be in progress. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/delivery/internal.h"

#define LOOK_AGAIN_MS 30000 /* the wall clock may be changed while the timer runs */
#define TAKE_MAX 64

/* Runs after the loop has polled its sockets: an event that is only activated would run before, and
 * a long queue would starve the API and the supervisor. */
void
delivery_pump_soon(struct delivery *d)
{
    event_add(d->pump, &(struct timeval){0, 0});
}

/* --- due orders --- */

/* How long to wait for a time; 0 or less if it has come, or the clock was set back. */
static int64_t
wait_ms(const struct delivery *d, int64_t at_ms, int64_t now_ms)
{
    int64_t wait = at_ms - now_ms;

    return wait > policy_longest_ms(&d->setup.workshop->retry) ? 0 : wait;
}

static bool
order_is_due(const struct delivery *d, int64_t now_ms)
{
    int64_t next_ms = queue_length(d->setup.queue) ? queue_next_due_ms(d->setup.queue) : NEVER;

    return next_ms != NEVER && wait_ms(d, next_ms, now_ms) <= 0;
}

/* A driver's one session serves orders first. */
static bool
may_ask(const struct delivery *d, int64_t now_ms)
{
    if (d->state != RUNNING || d->ending)
        return false;
    return !d->setup.driver->one_session || (!d->jobs.in_hand && !order_is_due(d, now_ms));
}

/* A question has the only session: it gives way. */
static bool
is_asking_alone(const struct delivery *d)
{
    return d->setup.driver->one_session && d->inquiries.under_way;
}

/* How many orders may start now. */
static unsigned
free_slots(const struct delivery *d, int64_t now_ms)
{
    bool early = wait_ms(d, d->probe_ms, now_ms) > 0;

    if (d->state == STOPPED || d->ending || clock_monotonic_ms() < d->pause_until_ms)
        return 0;
    if (d->state == PARKED)
        return early || d->probe_ms == NEVER || d->jobs.in_hand ? 0 : 1;
    return d->limit > d->jobs.in_hand ? d->limit - d->jobs.in_hand : 0;
}

/* Orders due up to this time may be taken now. */
static int64_t
latest_due(const struct delivery *d, int64_t now_ms)
{
    int64_t next_ms;

    if (d->state == PARKED)
        return NEVER;
    next_ms = queue_next_due_ms(d->setup.queue);
    return next_ms != NEVER && next_ms > now_ms && wait_ms(d, next_ms, now_ms) <= 0 ? next_ms
                                                                                    : now_ms;
}

static void
arm_timer(struct delivery *d)
{
    int64_t at, wait;
    struct timeval timeout;

    evtimer_del(d->timer);
    if (d->state == STOPPED || d->ending || d->jobs.in_hand >= d->limit ||
        (is_asking_alone(d) && order_is_due(d, clock_wall_ms())) ||
        (d->state == PARKED && d->jobs.in_hand) || !queue_length(d->setup.queue))
        return;
    at = d->state == PARKED ? d->probe_ms : queue_next_due_ms(d->setup.queue);
    if (at == NEVER)
        return;
    wait = wait_ms(d, at, clock_wall_ms());
    if (wait < d->pause_until_ms - clock_monotonic_ms())
        wait = d->pause_until_ms - clock_monotonic_ms();
    timeout = clock_timeval(wait < LOOK_AGAIN_MS ? wait : LOOK_AGAIN_MS);
    evtimer_add(d->timer, &timeout);
}

/* The tasks are on the heap: on the stack they would stay resident in every idle process. */
static int
start_due(struct delivery *d, unsigned slots, int64_t now_ms, struct err *err)
{
    unsigned limit = slots < TAKE_MAX ? slots : TAKE_MAX;
    struct queue_task *tasks = mem_alloc(limit * sizeof *tasks);
    int count = queue_take(d->setup.queue, latest_due(d, now_ms), tasks, limit, err);

    for (int i = 0; i < count; i++)
        job_start(&d->jobs, &tasks[i]);
    free(tasks);
    return count;
}

void
delivery_on_pump(evutil_socket_t fd, short what, void *arg)
{
    struct delivery *d = arg;
    int64_t now_ms = clock_wall_ms();
    unsigned slots = free_slots(d, now_ms), in_error = queue_count(d->setup.queue, ORDER_ERROR);
    struct err err;
    int count = 0;

    (void)fd;
    (void)what;
    if (slots && is_asking_alone(d) && order_is_due(d, now_ms))
        inquiries_hurry(&d->inquiries);
    else if (slots && queue_length(d->setup.queue))
        count = start_due(d, slots, now_ms, &err);
    if (count < 0) {
        log_error("cannot take orders from the queue: %s", err.text);
        d->pause_until_ms = clock_monotonic_ms() + d->setup.storage_pause_ms;
    }
    if (count || queue_count(d->setup.queue, ORDER_ERROR) != in_error)
        d->setup.changed(d->setup.arg);
    if (may_ask(d, now_ms))
        inquiries_go(&d->inquiries);
    arm_timer(d);
}

bool
delivery_rests(const struct delivery *d)
{
    return !d->jobs.in_hand && !order_is_due(d, clock_wall_ms());
}
