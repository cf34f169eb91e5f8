/* One attempt. */
#include "worker/job.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "worker/files.h"

#define RECORD_AGAIN_MS 1000

struct job {
    struct jobs *jobs;
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

static void job_step(struct job *job, const struct erp_reply *reply);

/* --- the end --- */

static void
job_free(struct job *job)
{
    struct jobs *jobs = job->jobs;

    for (struct job **link = &jobs->list; *link; link = &(*link)->next)
        if (*link == job) {
            *link = job->next;
            break;
        }
    if (job->transfer)
        http_cancel(job->transfer);
    jobs->setup->driver->job_free(job->session->handle, &job->erp);
    erp_request_clear(&job->erp.request);
    session_release(job->session);
    credentials_clear(&job->task.credentials);
    if (job->record)
        event_free(job->record);
    jobs->in_hand--;
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
    struct jobs *jobs = job->jobs;
    int64_t duration_ms = clock_monotonic_ms() - job->started_ms;
    struct timeval pause = clock_timeval(RECORD_AGAIN_MS);
    struct err err;

    (void)fd;
    (void)what;
    if (!fault_point("mutant.no_finish") &&
        queue_finish(jobs->setup->queue, &job->task.order, duration_ms, job->forget, &err)) {
        log_write(LOG_ERROR, LOG_ORDERLINE, job->task.order.uniqueid,
                  "its end can't be recorded yet: %s", err.text);
        jobs->setup->changed(jobs->setup->arg);
        evtimer_add(job->record, &pause);
        return;
    }
    fault_here("delivery.recorded");
    log_end(job, duration_ms);
    job_free(job);
    jobs->gone(jobs->arg);
}

static void
job_end(struct job *job, enum erp_verdict verdict, const struct erp_outcome *outcome)
{
    struct jobs *jobs = job->jobs;
    const struct policy_attempt attempt = {.verdict = verdict,
                                           .outcome = outcome,
                                           .retry = &jobs->setup->workshop->retry,
                                           .own_credentials =
                                               job->erp.auth != jobs->setup->credentials,
                                           .can_look_up = jobs->setup->driver->can_look_up,
                                           .now_ms = clock_wall_ms(),
                                           .dice = randombytes_random()};
    enum policy_sign sign = policy_apply(&job->task.order, &attempt, &job->forget);

    if (verdict == ERP_PARK && job->erp.auth && !job->session->refused_ms) {
        job->session->refused_ms = clock_monotonic_ms();
        queue_set_refused(jobs->setup->queue, job->erp.auth, attempt.now_ms);
    }
    job->record = evtimer_new(jobs->setup->base, on_record, job);
    if (!job->record)
        die_abort("no memory for a timer");
    event_add(job->record, &(struct timeval){0, 0});
    jobs->ended(sign, job->task.order.uniqueid, outcome->reason_code, jobs->arg);
}

/* --- the steps --- */

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
        queue_commit_sent(job->jobs->setup->queue, &job->task.order, &err) == 0)
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
    struct jobs *jobs = job->jobs;
    struct session *session = job->session;

    for (struct job *other = jobs->list, *next; other; other = next) {
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
    const struct erp_driver *driver = job->jobs->setup->driver;
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
            job->transfer = http_send(job->jobs->setup->http, request, on_reply, job);
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

/* --- the beginning --- */

/* Also by a process before this one. */
static bool
refused_lately(const struct jobs *jobs, const struct credentials *auth)
{
    int64_t at_ms = queue_refused_ms(jobs->setup->queue, auth);

    return at_ms && llabs(clock_wall_ms() - at_ms) < SESSION_REFUSED_MS;
}

static struct job *
job_new(struct jobs *jobs, const struct queue_task *task)
{
    struct job *job = mem_alloc(sizeof *job);
    const struct credentials *auth = NULL;

    job->jobs = jobs;
    job->task = *task;
    if (job->task.credentials.username)
        auth = &job->task.credentials;
    else if (jobs->setup->credentials->username)
        auth = jobs->setup->credentials;
    job->session = session_acquire(&jobs->sessions, auth);
    if (auth && !job->session->refused_ms && refused_lately(jobs, auth))
        job->session->refused_ms = clock_monotonic_ms();
    job->started_ms = clock_monotonic_ms();
    job->erp = (struct erp_job){
        .order = &job->task.order, .auth = auth, .workshop = jobs->setup->workshop->name};
    job->next = jobs->list;
    jobs->list = job;
    jobs->in_hand++;
    return job;
}

/* What ends without asking the ERP. */
static bool
ends_at_once(const struct job *job, struct erp_outcome *outcome, enum erp_verdict *verdict)
{
    const struct erp_driver *driver = job->jobs->setup->driver;

    if (job->task.order.commit_sent && !driver->can_look_up) {
        *verdict = erp_end(
            outcome, ERP_REJECT, "outcome_unknown",
            "a request was cut off after it had left, and this ERP has no way to look the line up");
        return true;
    }
    if (driver->needs_credentials && !job->erp.auth) {
        *verdict = erp_end(
            outcome, ERP_PARK, "auth_failed",
            "there are no credentials: its own were refused before, and the workshop has none");
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
        job_end(job, verdict, &outcome);
    else
        job_step(job, NULL);
}

void
jobs_clear(struct jobs *jobs)
{
    while (jobs->list)
        job_free(jobs->list);
    sessions_clear(&jobs->sessions);
}
