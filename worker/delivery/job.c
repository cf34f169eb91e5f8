/* One attempt. */
#include "worker/delivery/job.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/order/reason.h"
#include "worker/delivery/evidence.h"
#include "worker/delivery/steps.h"

struct job {
    struct jobs *jobs;
    struct job *next;
    struct queue_task task;
    struct order for_erp; /* what the driver sees: with its mapped product and amount */
    struct steps steps;
    bool in_line; /* the ERP allows one session at a time: another one is in the way */
    bool forget;
    bool ended;         /* its end is to be recorded */
    int64_t started_ms; /* monotonic */
    json_t *evidence;   /* names of files; NULL: none */
};

/* --- the end --- */

/* It is no longer driven; others may have its session. */
static void
job_leave(struct job *job)
{
    struct session *session = job->steps.session;

    steps_leave(&job->steps);
    if (session)
        session_release(session);
}

static void
job_free(struct job *job)
{
    struct jobs *jobs = job->jobs;

    for (struct job **link = &jobs->list; *link; link = &(*link)->next)
        if (*link == job) {
            *link = job->next;
            break;
        }
    job_leave(job);
    json_decref(job->evidence);
    credentials_clear(&job->task.credentials);
    jobs->in_hand--;
    free(job);
}

static void
log_end(const struct job *job, int64_t duration_ms)
{
    const struct order *order = &job->task.order;

    log_each(order->status == ORDER_ERROR ? LOG_WARNING : LOG_INFO, LOG_ORDERLINE, order->uniqueid,
             "processing -> %s, attempt %u, %lld ms%s%s%s%s%s%s", order_status_name(order->status),
             order->attempts, (long long)duration_ms, *order->reason_code ? ", " : "",
             order->reason_code, *order->reason_text ? ": " : "", order->reason_text,
             *order->erp_reference ? ", reference " : "", order->erp_reference);
}

/* The jobs whose end is to be recorded. */
struct ends {
    size_t count;
    struct job **jobs;
    struct order **orders;
    struct queue_end *ends;
};

static struct ends
ends_collect(const struct jobs *jobs)
{
    struct ends ends = {.jobs = mem_alloc(jobs->in_hand * sizeof *ends.jobs),
                        .orders = mem_alloc(jobs->in_hand * sizeof *ends.orders),
                        .ends = mem_alloc(jobs->in_hand * sizeof *ends.ends)};

    for (struct job *job = jobs->list; job; job = job->next) {
        if (!job->ended)
            continue;
        ends.jobs[ends.count] = job;
        ends.orders[ends.count] = &job->task.order;
        ends.ends[ends.count++] =
            (struct queue_end){.duration_ms = clock_monotonic_ms() - job->started_ms,
                               .forget = job->forget,
                               .evidence = job->evidence};
    }
    return ends;
}

static void
ends_recorded(const struct ends *ends, size_t from, size_t count)
{
    failpoint_here("delivery.recorded");
    log_hold();
    for (size_t i = from; i < from + count; i++)
        log_end(ends->jobs[i], ends->ends[i].duration_ms);
    log_release();
    for (size_t i = from; i < from + count; i++)
        job_free(ends->jobs[i]);
}

/* All in one transaction. If that fails, one by one: it may be the fault of one of them. Returns
 * how many are recorded. */
static size_t
ends_record(struct queue *queue, const struct ends *ends, struct err *err)
{
    size_t recorded = 0;

    if (failpoint("mutant.no_finish") ||
        queue_finish_all(queue, ends->orders, ends->ends, ends->count, err) == 0) {
        ends_recorded(ends, 0, ends->count);
        return ends->count;
    }
    for (size_t i = 0; ends->count > 1 && i < ends->count; i++)
        if (queue_finish(queue, ends->orders[i], &ends->ends[i], err) == 0) {
            ends_recorded(ends, i, 1);
            recorded++;
        }
    return recorded;
}

/* Until it is on disk, only this process knows the ERP's answer: if the disk is full, the jobs stay
 * in progress. */
static void
on_record(evutil_socket_t fd, short what, void *arg)
{
    struct jobs *jobs = arg;
    struct ends ends = ends_collect(jobs);
    struct timeval pause = clock_timeval(jobs->setup->storage_pause_ms);
    struct err err;
    size_t recorded = ends.count ? ends_record(jobs->setup->queue, &ends, &err) : 0;

    (void)fd;
    (void)what;
    if (recorded < ends.count) {
        log_write(LOG_ERROR, LOG_ORDERLINE, NULL,
                  "cannot record the outcome of %zu orders, retrying: %s", ends.count - recorded,
                  err.text);
        evtimer_add(jobs->record, &pause);
        jobs->setup->changed(jobs->setup->arg);
    }
    free(ends.jobs);
    free(ends.orders);
    free(ends.ends);
    if (!recorded)
        return;
    jobs_resume(jobs);
    jobs->gone(jobs->arg);
}

/* In a turn of its own, with all that end in this one. */
static void
record_soon(struct jobs *jobs)
{
    if (!jobs->record)
        jobs->record = loop_timer(jobs->setup->base, on_record, jobs);
    if (!evtimer_pending(jobs->record, NULL))
        event_add(jobs->record, &(struct timeval){0, 0});
}

/* Where to look, for people who read the reason. */
static void
point_to_evidence(struct job *job)
{
    struct order *order = &job->task.order;
    const char *name = json_string_value(json_array_get(job->evidence, 0));
    char text[2 * sizeof order->reason_text];

    if (!name)
        return;
    snprintf(text, sizeof text, "%.*s [evidence/%s]",
             ORDER_REASON_TEXT_MAX - 16 - (int)strlen(name), order->reason_text, name);
    text_clean(text);
    text_copy(order->reason_text, sizeof order->reason_text, text);
}

static void
on_ended(enum erp_verdict verdict, const struct erp_outcome *outcome, void *arg)
{
    struct job *job = arg;
    struct jobs *jobs = job->jobs;
    struct session *session = job->steps.session;
    const struct credentials *auth = job->steps.erp.auth;
    const struct policy_attempt attempt = {
        .verdict = verdict,
        .outcome = outcome,
        .retry = &jobs->setup->workshop->retry,
        .hold = &jobs->setup->workshop->hold,
        .own_credentials = auth != jobs->setup->credentials,
        .can_look_up = jobs->setup->driver->can_look_up,
        .neighbour = json_string_value(json_object_get(jobs->setup->erp, "$neighbour")),
        .now_ms = clock_wall_ms(),
        .run_ms = queue_run_ms(jobs->setup->queue),
        .dice = randombytes_random()};
    enum policy_sign sign = policy_apply(&job->task.order, &attempt, &job->forget);

    if (verdict == ERP_PARK && auth && session && !session->refused_ms) {
        session->refused_ms = clock_monotonic_ms();
        queue_set_refused(jobs->setup->queue, auth, attempt.run_ms);
    }
    job->evidence = evidence_keep(queue_folder(jobs->setup->queue), &job->task.order, outcome);
    point_to_evidence(job);
    job_leave(job);
    job->ended = true;
    record_soon(jobs);
    jobs->ended(sign, job->task.order.uniqueid, outcome, jobs->arg);
}

/* --- the steps --- */

static struct order *
on_leaves(void *arg)
{
    struct job *job = arg;

    if (job->steps.erp.request.commits) /* if it cannot be recorded, the attempt ends */
        job->for_erp.commit_sent = true;
    return job->steps.erp.request.commits && !job->task.order.commit_sent &&
                   !failpoint("mutant.no_commit_sent")
               ? &job->task.order
               : NULL;
}

/* The next step without a reply. Retrying refused credentials would lock the account in the ERP. */
static void
job_go(struct job *job)
{
    struct erp_outcome outcome;

    if (!job->steps.session->refused_ms) {
        steps_go(&job->steps, NULL);
        return;
    }
    erp_end(&outcome, ERP_PARK, REASON_AUTH_FAILED,
            "not sent: the ERP recently refused these credentials");
    on_ended(ERP_PARK, &outcome, job);
}

void
jobs_stepped(struct jobs *jobs, const struct session *session)
{
    for (struct job *other = jobs->list; other; other = other->next)
        if (other->steps.waiting && other->steps.session == session) {
            other->steps.waiting = false;
            job_go(other);
        }
}

/* Others may wait for what this step did. */
static void
on_stepped(const struct session *session, void *arg)
{
    struct jobs *jobs = ((struct job *)arg)->jobs;

    jobs_stepped(jobs, session);
    jobs->stepped(session, jobs->arg);
}

/* --- the beginning --- */

/* Also if sent by an earlier process: measured in the worker's running time, which clock changes do
 * not affect. An earlier version has recorded the wall clock, which is far ahead of that. */
static bool
refused_lately(const struct jobs *jobs, const struct credentials *auth)
{
    int64_t at_ms = queue_refused_ms(jobs->setup->queue, auth);
    int64_t run_ms = queue_run_ms(jobs->setup->queue);

    return at_ms && at_ms <= run_ms && run_ms - at_ms < SESSION_REFUSED_MS;
}

static struct job *
job_new(struct jobs *jobs, const struct queue_task *task)
{
    static const struct steps_events events = {
        .leaves = on_leaves, .ended = on_ended, .stepped = on_stepped};
    struct job *job = mem_alloc(sizeof *job);
    const struct credentials *auth = NULL;

    job->jobs = jobs;
    job->task = *task;
    order_for_erp(&task->order, &job->for_erp);
    if (job->task.credentials.username)
        auth = &job->task.credentials;
    else if (jobs->setup->credentials->username)
        auth = jobs->setup->credentials;
    job->started_ms = clock_monotonic_ms();
    job->steps = (struct steps){
        .setup = jobs->setup,
        .sessions = &jobs->sessions,
        .turn = jobs->turn,
        .erp = {.order = &job->for_erp, .auth = auth, .workshop = jobs->setup->workshop->name},
        .events = &events,
        .arg = job};
    job->next = jobs->list;
    jobs->list = job;
    jobs->in_hand++;
    return job;
}

/* Gets its session and makes the first step, or waits until one is available. */
static void
job_begin(struct job *job)
{
    struct jobs *jobs = job->jobs;
    const struct credentials *auth = job->steps.erp.auth;
    struct session *session;

    job->in_line = !sessions_make_way(&jobs->sessions, auth);
    if (job->in_line)
        return;
    session = job->steps.session = session_acquire(&jobs->sessions, auth);
    if (auth && !session->refused_ms && refused_lately(jobs, auth))
        session->refused_ms = clock_monotonic_ms();
    job_go(job);
}

/* What ends without asking the ERP. */
static bool
ends_at_once(const struct job *job, struct erp_outcome *outcome, enum erp_verdict *verdict)
{
    const struct erp_driver *driver = job->jobs->setup->driver;

    if (job->task.order.commit_sent && !driver->can_look_up) {
        *verdict = erp_end(outcome, ERP_REJECT, REASON_OUTCOME_UNKNOWN,
                           "the connection was lost after the request was sent, and the line "
                           "cannot be looked up in this ERP");
        return true;
    }
    if (driver->needs_credentials && !job->steps.erp.auth) {
        *verdict = erp_end(
            outcome, ERP_PARK, REASON_AUTH_FAILED,
            "no credentials: the order's own were refused earlier, and the workshop has none");
        return true;
    }
    return false;
}

void
job_start(struct jobs *jobs, struct queue_task *task)
{
    struct job *job = job_new(jobs, task);
    struct erp_outcome outcome = {.reason_code = ""};
    enum erp_verdict verdict;

    if (ends_at_once(job, &outcome, &verdict))
        on_ended(verdict, &outcome, job);
    else
        job_begin(job);
}

void
jobs_resume(struct jobs *jobs)
{
    for (struct job *job = jobs->list; job; job = job->next)
        if (job->in_line)
            job_begin(job);
}

void
jobs_give_up(struct jobs *jobs)
{
    struct job *next;

    for (struct job *job = jobs->list; job; job = next) {
        const struct session *session = job->steps.session;

        next = job->next;
        if (job->in_line || (session && session_is_open(&jobs->sessions, session)))
            job_free(job);
    }
}

void
jobs_clear(struct jobs *jobs)
{
    while (jobs->list)
        job_free(jobs->list);
    if (jobs->record)
        event_free(jobs->record);
    jobs->record = NULL;
    sessions_clear(&jobs->sessions);
}
