/* The worker loop. */
#include "worker/delivery.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "worker/files.h"
#include "worker/policy.h"
#include "worker/session.h"

#define PARK_AFTER 5 /* technical failures in a row */
#define STORAGE_PAUSE_MS 1000
#define LOOK_AGAIN_MS 30000 /* the wall clock may be set while the timer sleeps */
#define TAKE_MAX 64
#define NEVER INT64_MAX

enum state { STOPPED, RUNNING, PARKED };

struct job {
    struct delivery *delivery;
    struct job *next;
    struct queue_task task;
    struct session *session;
    struct erp_job erp;
    struct http_transfer *transfer; /* NULL: nothing is under way */
    bool waiting;                   /* for another job of its session */
    bool forget;
    int64_t started_ms;   /* monotonic */
    struct event *record; /* tries again to record the end; NULL while it has not ended */
};

struct delivery {
    struct delivery_setup setup;
    enum state state;
    const char *reason; /* of the park; static */
    unsigned limit;     /* orders in hand */
    struct job *jobs;
    unsigned in_hand;
    unsigned failures;                     /* technical, in a row */
    char last_failed[ORDER_VALUE_MAX + 1]; /* uniqueid of the last of them */
    unsigned probes;                       /* failed ones since it was parked */
    int64_t probe_ms;       /* wall clock; NEVER: no probe, a person must start the worker */
    int64_t pause_until_ms; /* monotonic: the queue can't be written */
    struct event *pump;     /* looks for due orders, in a turn of its own */
    struct event *timer;    /* the next due order, probe or end of the pause */
    struct sessions sessions;
};

static void job_step(struct job *job, const struct erp_reply *reply);

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

/* One order that the ERP stumbles over again and again is no sign that the ERP is away. */
static bool
is_another_failure(struct delivery *d, const char *uniqueid, const char *reason)
{
    bool another = strcmp(reason, "erp_unreachable") == 0 || strcmp(d->last_failed, uniqueid);

    text_copy(d->last_failed, sizeof d->last_failed, uniqueid);
    return another;
}

static void
take_sign(struct delivery *d, enum policy_sign sign, const char *uniqueid, const char *reason)
{
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

/* --- the end of a job --- */

static void
job_free(struct job *job)
{
    struct delivery *d = job->delivery;

    for (struct job **link = &d->jobs; *link; link = &(*link)->next)
        if (*link == job) {
            *link = job->next;
            break;
        }
    if (job->transfer)
        http_cancel(job->transfer);
    d->setup.driver->job_free(job->session->handle, &job->erp);
    erp_request_clear(&job->erp.request);
    session_release(job->session);
    credentials_clear(&job->task.credentials);
    if (job->record)
        event_free(job->record);
    d->in_hand--;
    free(job);
}

static void
log_end(const struct job *job, int64_t duration_ms)
{
    const struct order *order = &job->task.order;

    log_write(order->status == ORDER_ERROR ? LOG_WARNING : LOG_INFO, LOG_ORDERLINE, order->uniqueid,
              "processing -> %s, attempt %u, %lld ms%s%s%s%s%s%s", order_status_name(order->status),
              order->attempts, (long long)duration_ms, *order->reason_code ? ", " : "",
              order->reason_code, *order->reason_text ? ": " : "", order->reason_text,
              *order->erp_reference ? ", reference " : "", order->erp_reference);
}

/* The ERP's answer is only known here until it is on disk: where the disk has no room, the job
 * stays in hand. */
static void
on_record(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;
    struct delivery *d = job->delivery;
    int64_t duration_ms = clock_monotonic_ms() - job->started_ms;
    struct timeval pause = clock_timeval(STORAGE_PAUSE_MS);
    struct err err;

    (void)fd;
    (void)what;
    if (!fault_point("mutant.no_finish") &&
        queue_finish(d->setup.queue, &job->task.order, duration_ms, job->forget, &err)) {
        log_write(LOG_ERROR, LOG_ORDERLINE, job->task.order.uniqueid,
                  "its end can't be recorded yet: %s", err.text);
        d->setup.changed(d->setup.arg);
        evtimer_add(job->record, &pause);
        return;
    }
    fault_here("delivery.recorded");
    log_end(job, duration_ms);
    job_free(job);
    event_active(d->pump, EV_TIMEOUT, 0);
    d->setup.changed(d->setup.arg);
}

static void
job_end(struct job *job, enum erp_verdict verdict, const struct erp_outcome *outcome)
{
    struct delivery *d = job->delivery;
    const struct policy_attempt attempt = {.verdict = verdict,
                                           .outcome = outcome,
                                           .retry = &d->setup.workshop->retry,
                                           .own_credentials =
                                               job->task.credentials.username != NULL,
                                           .can_look_up = d->setup.driver->can_look_up,
                                           .now_ms = clock_wall_ms(),
                                           .dice = randombytes_random()};
    enum policy_sign sign = policy_apply(&job->task.order, &attempt, &job->forget);

    if (verdict == ERP_PARK && !job->session->refused_ms) {
        job->session->refused_ms = clock_monotonic_ms();
        if (job->erp.auth)
            queue_set_refused(d->setup.queue, job->erp.auth, attempt.now_ms);
    }
    job->record = evtimer_new(d->setup.base, on_record, job);
    if (!job->record)
        die_abort("no memory for a timer");
    event_active(job->record, EV_TIMEOUT, 0);
    take_sign(d, sign, job->task.order.uniqueid, outcome->reason_code);
}

/* --- a job's steps --- */

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    struct job *job = arg;

    fault_here("delivery.reply");
    job->transfer = NULL;
    job_step(job, reply);
}

/* Returns whether the request may leave. */
static bool
record_commit(struct job *job, struct erp_outcome *outcome)
{
    struct err err;

    if (!job->erp.request.commits || job->task.order.commit_sent)
        return true;
    if (fault_point("mutant.no_commit_sent") ||
        queue_commit_sent(job->delivery->setup.queue, &job->task.order, &err) == 0)
        return true;
    job->task.order.commit_sent = false;
    erp_end(outcome, ERP_RETRY, "erp_failure",
            "nothing was sent, since it could not be recorded: %s", err.text);
    return false;
}

/* Others of the session may wait for what this step did. */
static void
wake_waiting(struct job *job)
{
    struct delivery *d = job->delivery;
    struct session *session = job->session;

    for (struct job *other = d->jobs, *next; other; other = next) {
        next = other->next;
        if (other->waiting && other->session == session) {
            other->waiting = false;
            job_step(other, NULL);
        }
    }
}

/* Trying refused credentials again and again locks the account in the ERP. */
static void
job_refused(struct job *job)
{
    struct erp_outcome outcome;
    enum erp_verdict verdict =
        erp_end(&outcome, ERP_PARK, "auth_failed",
                "not sent: the ERP refused these credentials a short while ago");

    job->waiting = false;
    job_end(job, verdict, &outcome);
}

static void
job_step(struct job *job, const struct erp_reply *reply)
{
    const struct erp_driver *driver = job->delivery->setup.driver;
    struct erp_request *request = &job->erp.request;
    struct erp_outcome outcome = {.reason_code = ""};
    enum erp_verdict verdict;
    struct erp_reply file_reply;
    char *file_body = NULL;
    bool stepped = reply != NULL;

    if (!stepped && job->session->refused_ms) {
        job_refused(job);
        return;
    }
    for (;;) {
        erp_request_clear(request);
        verdict = driver->step(job->session->handle, &job->erp, reply, &outcome);
        fault_here("delivery.step");
        free(file_body);
        file_body = NULL;
        if (verdict != ERP_SEND)
            break;
        if (!record_commit(job, &outcome)) {
            verdict = ERP_RETRY;
            break;
        }
        if (request->commits)
            fault_here("delivery.send_commit");
        if (request->kind == ERP_HTTP) {
            job->transfer = http_send(job->delivery->setup.http, request, on_reply, job);
            break;
        }
        files_perform(request, &file_reply, &file_body);
        reply = &file_reply;
    }
    job->waiting = verdict == ERP_WAIT;
    if (verdict != ERP_SEND && verdict != ERP_WAIT)
        job_end(job, verdict, &outcome);
    if (stepped)
        wake_waiting(job);
}

/* --- starting jobs --- */

/* Also by a process before this one. */
static bool
refused_lately(const struct delivery *d, const struct credentials *auth)
{
    int64_t at_ms = queue_refused_ms(d->setup.queue, auth);

    return at_ms && llabs(clock_wall_ms() - at_ms) < SESSION_REFUSED_MS;
}

static void
job_start(struct delivery *d, struct queue_task *task)
{
    struct job *job = mem_alloc(sizeof *job);
    const struct credentials *auth = NULL;

    job->delivery = d;
    job->task = *task;
    if (job->task.credentials.username)
        auth = &job->task.credentials;
    else if (d->setup.credentials->username)
        auth = d->setup.credentials;
    job->session = session_acquire(&d->sessions, auth);
    if (auth && !job->session->refused_ms && refused_lately(d, auth))
        job->session->refused_ms = clock_monotonic_ms();
    job->started_ms = clock_monotonic_ms();
    job->erp = (struct erp_job){
        .order = &job->task.order, .auth = auth, .workshop = d->setup.workshop->name};
    job->next = d->jobs;
    d->jobs = job;
    d->in_hand++;
    job_step(job, NULL);
}

/* A driver that can't look up must not be asked again after a request that may have created the
 * line. */
static void
job_unknown(struct delivery *d, struct queue_task *task)
{
    struct order *order = &task->order;
    struct err err;

    order->status = ORDER_ERROR;
    text_copy(order->reason_code, sizeof order->reason_code, "outcome_unknown");
    text_copy(
        order->reason_text, sizeof order->reason_text,
        "a request was cut off after it had left, and this ERP has no way to look the line up");
    if (queue_finish(d->setup.queue, order, -1, false, &err))
        log_write(LOG_ERROR, LOG_ORDERLINE, order->uniqueid, "its end can't be recorded: %s",
                  err.text);
    credentials_clear(&task->credentials);
}

/* How long to wait for a time; 0 or less where it has come, or the clock was set back. */
static int64_t
wait_ms(const struct delivery *d, int64_t at_ms, int64_t now_ms)
{
    int64_t wait = at_ms - now_ms;

    return wait > policy_longest_ms(&d->setup.workshop->retry) ? 0 : wait;
}

/* How many orders may start now. */
static unsigned
room(const struct delivery *d, int64_t now_ms)
{
    bool early = wait_ms(d, d->probe_ms, now_ms) > 0;

    if (d->state == STOPPED || clock_monotonic_ms() < d->pause_until_ms)
        return 0;
    if (d->state == PARKED)
        return early || d->probe_ms == NEVER || d->in_hand ? 0 : 1;
    return d->limit > d->in_hand ? d->limit - d->in_hand : 0;
}

/* Up to when an order must be due to be taken now. */
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
    if (d->state == STOPPED || d->in_hand >= d->limit || (d->state == PARKED && d->in_hand) ||
        !queue_length(d->setup.queue))
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

static void
on_pump(evutil_socket_t fd, short what, void *arg)
{
    struct delivery *d = arg;
    struct queue_task tasks[TAKE_MAX];
    int64_t now_ms = clock_wall_ms();
    unsigned places = room(d, now_ms);
    struct err err;
    int count = 0;

    (void)fd;
    (void)what;
    if (places && queue_length(d->setup.queue))
        count = queue_take(d->setup.queue, latest_due(d, now_ms), tasks,
                           places < TAKE_MAX ? places : TAKE_MAX, &err);
    if (count < 0) {
        log_error("no order can be taken: %s", err.text);
        d->pause_until_ms = clock_monotonic_ms() + STORAGE_PAUSE_MS;
        d->setup.changed(d->setup.arg);
    }
    for (int i = 0; i < count; i++) {
        if (tasks[i].order.commit_sent && !d->setup.driver->can_look_up)
            job_unknown(d, &tasks[i]);
        else
            job_start(d, &tasks[i]);
    }
    if (count > 0)
        d->setup.changed(d->setup.arg);
    arm_timer(d);
}

/* --- the contract --- */

struct delivery *
delivery_new(const struct delivery_setup *setup)
{
    struct delivery *d = mem_alloc(sizeof *d);
    unsigned configured = setup->workshop->max_in_flight;

    d->setup = *setup;
    d->probe_ms = NEVER;
    d->limit = configured ? configured : setup->driver->max_in_flight;
    d->sessions = (struct sessions){.driver = setup->driver,
                                    .erp = json_object_get(setup->workshop->document, "erp")};
    d->pump = event_new(setup->base, -1, 0, on_pump, d);
    d->timer = evtimer_new(setup->base, on_pump, d);
    if (!d->pump || !d->timer)
        die_abort("no memory for events");
    return d;
}

void
delivery_free(struct delivery *d)
{
    if (!d)
        return;
    while (d->jobs)
        job_free(d->jobs);
    sessions_clear(&d->sessions);
    event_free(d->pump);
    event_free(d->timer);
    free(d);
}

void
delivery_boot(struct delivery *d)
{
    const struct credentials *configured = d->setup.credentials;

    if (!configured->username || !queue_refused_ms(d->setup.queue, configured))
        delivery_start(d);
    else
        set_state(d, PARKED, "auth_failed");
}

void
delivery_start(struct delivery *d)
{
    if (d->setup.credentials->username && queue_refused_ms(d->setup.queue, d->setup.credentials))
        queue_set_refused(d->setup.queue, d->setup.credentials, 0);
    d->failures = d->probes = 0;
    d->probe_ms = NEVER;
    sessions_forget_refused(&d->sessions);
    set_state(d, RUNNING, NULL);
    event_active(d->pump, EV_TIMEOUT, 0);
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
    event_active(d->pump, EV_TIMEOUT, 0);
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

unsigned
delivery_in_hand(const struct delivery *d)
{
    return d->in_hand;
}
