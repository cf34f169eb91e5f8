/* The worker loop: when an order may start, and when the worker pauses. */
#include "worker/delivery/delivery.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/order/reason.h"
#include "worker/delivery/closing.h"
#include "worker/delivery/job.h"

#define PARK_AFTER 5        /* consecutive technical failures */
#define LOOK_AGAIN_MS 30000 /* the wall clock may be changed while the timer runs */
#define TAKE_MAX 64
#define NEVER INT64_MAX

enum state { STOPPED, RUNNING, PARKED };

struct delivery {
    struct delivery_setup setup;
    enum state state;
    const char *reason; /* why it is parked; static */
    unsigned limit;     /* orders in progress */
    struct jobs jobs;
    struct closings closings;
    bool ending;
    unsigned failures;                     /* technical, consecutive */
    char last_failed[ORDER_VALUE_MAX + 1]; /* uniqueid of the last of them */
    unsigned probes;                       /* failed probes since it was parked */
    int64_t probe_ms;       /* wall clock; NEVER: no probe, a person must start the worker */
    int64_t pause_until_ms; /* monotonic: the queue cannot be written until then */
    struct event *pump;     /* checks for due orders, in a turn of its own */
    struct event *timer;    /* the next due order, probe or end of the pause */
    struct event *idle;     /* a session has been idle for too long */
};

/* Runs after the loop has polled its sockets: an event that is only activated would run before, and
 * a long queue would starve the API and the supervisor. */
static void
pump_soon(struct delivery *d)
{
    event_add(d->pump, &(struct timeval){0, 0});
}

/* --- the worker's state --- */

static void
set_state(struct delivery *d, enum state state, const char *reason)
{
    static const char *const names[] = {
        [STOPPED] = "stopped", [RUNNING] = "running", [PARKED] = "parked"};

    if (state == d->state && reason == d->reason)
        return;
    log_write(state == PARKED ? LOG_WARNING : LOG_INFO, LOG_ORDERLINE, NULL, "worker: %s -> %s%s%s",
              names[d->state], names[state], reason ? ": " : "", reason ? reason : "");
    queue_set_running(d->setup.queue, state != STOPPED);
    d->state = state;
    d->reason = reason;
    d->setup.changed(d->setup.arg);
}

static void
schedule_probe(struct delivery *d)
{
    const struct retry_policy *retry = &d->setup.workshop->retry;

    d->probes++;
    d->probe_ms = clock_wall_ms() + 1 + policy_backoff_ms(retry, d->probes, randombytes_random());
}

/* A single order that fails repeatedly does not mean that the ERP is down. */
static bool
is_another_failure(struct delivery *d, const char *uniqueid, const char *reason)
{
    bool another = strcmp(reason, REASON_ERP_UNREACHABLE) == 0 || strcmp(d->last_failed, uniqueid);

    text_copy(d->last_failed, sizeof d->last_failed, uniqueid);
    return another;
}

static void
on_job_ended(enum policy_sign sign, const char *uniqueid, const char *reason, void *arg)
{
    struct delivery *d = arg;

    if (sign == POLICY_ANSWERS) {
        d->failures = d->probes = 0;
        if (d->state == PARKED && d->probe_ms != NEVER)
            set_state(d, RUNNING, NULL);
        return;
    }
    if (d->state == STOPPED)
        return;
    if (sign == POLICY_REFUSES) {
        d->probe_ms = NEVER;
        set_state(d, PARKED, reason);
    } else if (d->state == PARKED && d->probe_ms != NEVER) {
        schedule_probe(d);
    } else if (d->state == RUNNING && is_another_failure(d, uniqueid, reason) &&
               ++d->failures >= PARK_AFTER) {
        d->probes = 0;
        schedule_probe(d);
        set_state(d, PARKED, reason);
    }
}

/* --- what is open in the ERP --- */

static void
arm_idle(struct delivery *d)
{
    int64_t at_ms = sessions_idle_at_ms(&d->jobs.sessions);
    struct timeval pause = clock_timeval(at_ms - clock_monotonic_ms());

    if (at_ms == NEVER)
        evtimer_del(d->idle);
    else
        evtimer_add(d->idle, &pause);
}

static void
on_idle(evutil_socket_t fd, short what, void *arg)
{
    struct delivery *d = arg;

    (void)fd;
    (void)what;
    sessions_drop_idle(&d->jobs.sessions, clock_monotonic_ms());
    arm_idle(d);
}

static void
close_session(struct session *session, void *arg)
{
    struct delivery *d = arg;

    closing_start(&d->closings, session);
}

static void
on_closed(void *arg)
{
    struct delivery *d = arg;

    jobs_resume(&d->jobs);
    d->setup.changed(d->setup.arg);
}

static void
on_job_gone(void *arg)
{
    struct delivery *d = arg;

    arm_idle(d);
    pump_soon(d);
    d->setup.changed(d->setup.arg);
}

/* --- due orders --- */

/* How long to wait for a time; 0 or less if it has come, or the clock was set back. */
static int64_t
wait_ms(const struct delivery *d, int64_t at_ms, int64_t now_ms)
{
    int64_t wait = at_ms - now_ms;

    return wait > policy_longest_ms(&d->setup.workshop->retry) ? 0 : wait;
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

static void
on_pump(evutil_socket_t fd, short what, void *arg)
{
    struct delivery *d = arg;
    int64_t now_ms = clock_wall_ms();
    unsigned slots = free_slots(d, now_ms);
    struct err err;
    int count = 0;

    (void)fd;
    (void)what;
    if (slots && queue_length(d->setup.queue))
        count = start_due(d, slots, now_ms, &err);
    if (count < 0) {
        log_error("cannot take orders from the queue: %s", err.text);
        d->pause_until_ms = clock_monotonic_ms() + d->setup.storage_pause_ms;
    }
    if (count)
        d->setup.changed(d->setup.arg);
    arm_timer(d);
}

/* --- the contract --- */

static unsigned
limit_of(const struct delivery_setup *setup)
{
    unsigned configured = setup->workshop->max_in_flight,
             wanted = configured ? configured : setup->driver->max_in_flight,
             limit = setup->driver->max_in_flight_limit;

    return limit && wanted > limit ? limit : wanted;
}

struct delivery *
delivery_new(const struct delivery_setup *setup)
{
    struct delivery *d = mem_alloc(sizeof *d);

    d->setup = *setup;
    d->probe_ms = NEVER;
    d->limit = limit_of(setup);
    d->jobs = (struct jobs){.setup = &d->setup,
                            .sessions = {.driver = setup->driver,
                                         .erp = setup->erp,
                                         .queue = setup->queue,
                                         .close = close_session,
                                         .arg = d},
                            .ended = on_job_ended,
                            .gone = on_job_gone,
                            .arg = d};
    d->closings = (struct closings){
        .setup = &d->setup, .sessions = &d->jobs.sessions, .done = on_closed, .arg = d};
    d->pump = loop_event(setup->base, -1, 0, on_pump, d);
    d->timer = loop_timer(setup->base, on_pump, d);
    d->idle = loop_timer(setup->base, on_idle, d);
    return d;
}

void
delivery_free(struct delivery *d)
{
    if (!d)
        return;
    closings_clear(&d->closings);
    jobs_clear(&d->jobs);
    event_free(d->pump);
    event_free(d->timer);
    event_free(d->idle);
    free(d);
}

void
delivery_tidy(struct delivery *d)
{
    closings_adopt(&d->closings);
}

void
delivery_close(struct delivery *d)
{
    d->ending = true;
    jobs_give_up(&d->jobs);
    sessions_drop_unused(&d->jobs.sessions);
    evtimer_del(d->idle);
}

unsigned
delivery_closing(const struct delivery *d)
{
    return d->jobs.sessions.closing;
}

void
delivery_boot(struct delivery *d)
{
    const struct credentials *configured = d->setup.credentials;

    if (!configured->username || !queue_refused_ms(d->setup.queue, configured))
        delivery_start(d);
    else
        set_state(d, PARKED, REASON_AUTH_FAILED);
}

void
delivery_start(struct delivery *d)
{
    if (d->setup.credentials->username && queue_refused_ms(d->setup.queue, d->setup.credentials))
        queue_set_refused(d->setup.queue, d->setup.credentials, 0);
    d->failures = d->probes = 0;
    d->probe_ms = NEVER;
    sessions_forget_refused(&d->jobs.sessions);
    set_state(d, RUNNING, NULL);
    pump_soon(d);
}

void
delivery_stop(struct delivery *d)
{
    evtimer_del(d->timer);
    set_state(d, STOPPED, NULL);
}

void
delivery_wake(struct delivery *d)
{
    pump_soon(d);
}

const char *
delivery_state(const struct delivery *d)
{
    return d->state == RUNNING ? "running" : d->state == PARKED ? "parked" : "stopped";
}

const char *
delivery_reason(const struct delivery *d)
{
    return d->reason;
}

bool
delivery_troubled(const struct delivery *d)
{
    return d->state == PARKED || d->failures;
}

unsigned
delivery_in_hand(const struct delivery *d)
{
    return d->jobs.in_hand;
}
