/* Step, record, send, repeat. */
#include "worker/delivery/steps.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/order/reason.h"
#include "worker/delivery/trace.h"
#include "worker/delivery/turn.h"
#include "worker/io/files.h"

/* The content of a file is there at once. */
static bool
takes_time(const struct erp_request *request)
{
    return request->kind != ERP_FILE_READ;
}

struct at_once {
    struct erp_reply reply;
    char *body;
};

/* Added to the driver's evidence, also if the browser was cut off. */
static void
add_requests(struct proxy *proxy, struct erp_outcome *outcome)
{
    char *list;

    if (!proxy || (!outcome->evidence_count && !proxy_shut(proxy)))
        return;
    list = proxy_list(proxy);
    erp_outcome_evidence(outcome, "txt", list, strlen(list));
}

static void
steps_end(struct steps *steps, enum erp_verdict verdict, struct erp_outcome *outcome)
{
    add_requests(steps->setup->proxy, outcome);
    steps->events->ended(verdict, outcome, steps->arg);
    erp_outcome_clear(outcome);
}

void
steps_reply(struct steps *steps, const struct erp_reply *reply)
{
    struct erp_reply whole = *reply;

    failpoint_here("delivery.reply");
    steps->transfer = NULL;
    steps->kill = NULL;
    whole.cut_off = proxy_shut(steps->setup->proxy);
    trace_reply(&steps->erp, &whole);
    steps_go(steps, &whole);
}

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    steps_reply(arg, reply);
}

static enum erp_verdict
not_sent(struct erp_outcome *outcome, const struct err *why)
{
    return erp_end(outcome, ERP_RETRY, REASON_ERP_FAILURE, "not sent: cannot record the commit: %s",
                   why->text);
}

void
steps_not_sent(struct steps *steps, const struct err *why)
{
    struct erp_outcome outcome = {.reason_code = ""};

    steps_end(steps, not_sent(&outcome, why), &outcome);
}

/* A request that can create the line is sent only once that is recorded on disk. */
static int
record_leaving(const struct steps *steps, struct err *err)
{
    struct order *order = steps->events->leaves ? steps->events->leaves(steps->arg) : NULL;

    return order ? queue_commit_sent(steps->setup->queue, order, err) : 0;
}

void
steps_commits(void)
{
    failpoint_here("delivery.send_commit");
}

/* ERP_SEND: it has been sent. What changes a file waits for its turn, where that is recorded. */
static enum erp_verdict
leave(struct steps *steps, struct erp_outcome *outcome, struct at_once *at_once)
{
    struct erp_request *request = &steps->erp.request;
    bool in_turn = request->kind == ERP_FILE_WRITE || request->kind == ERP_FILE_RENAME;
    struct err err;

    if (request->commits && !steps->events->leaves) /* a driver at fault must not create a line */
        return erp_end(outcome, ERP_RETRY, REASON_ERP_FAILURE,
                       "not sent: only an attempt of an order may change something");
    if (!in_turn && record_leaving(steps, &err))
        return not_sent(outcome, &err);
    if (steps->events->sends)
        steps->events->sends(steps->arg);
    proxy_leaves(steps->setup->proxy, request);
    trace_request(&steps->erp);
    if (request->commits && !in_turn)
        steps_commits();
    if (in_turn)
        turn_add(steps->turn, steps);
    else if (request->kind == ERP_HTTP)
        steps->transfer = http_send(steps->setup->http, request, on_reply, steps);
    else if (request->kind == ERP_KILL_BROWSERS)
        steps->kill =
            browser_killer_ask(steps->setup->browser_killer, request->timeout_ms, on_reply, steps);
    else
        files_perform(request, &at_once->reply, &at_once->body);
    return ERP_SEND;
}

static void
on_delay(evutil_socket_t fd, short what, void *arg)
{
    struct steps *steps = arg;
    struct erp_outcome outcome = {.reason_code = ""};
    struct at_once none;
    enum erp_verdict verdict = leave(steps, &outcome, &none);

    (void)fd;
    (void)what;
    if (verdict != ERP_SEND)
        steps_end(steps, verdict, &outcome);
}

static void
delay(struct steps *steps)
{
    struct timeval pause = clock_timeval(steps->erp.request.delay_ms);

    if (!steps->delay)
        steps->delay = loop_timer(steps->setup->base, on_delay, steps);
    evtimer_add(steps->delay, &pause);
}

/* What the session has opened must be on disk before anything else is sent. */
static enum erp_verdict
record_session(struct steps *steps, enum erp_verdict verdict, struct erp_outcome *outcome)
{
    struct err err;

    if (session_record(steps->sessions, steps->session, steps->erp.auth, &err) == 0)
        return verdict;
    if (verdict == ERP_SEND)
        return erp_end(outcome, ERP_RETRY, REASON_ERP_FAILURE,
                       "not sent: cannot record the ERP session: %s", err.text);
    log_warning("cannot record the ERP session: %s", err.text);
    return verdict;
}

static enum erp_verdict
one_step(struct steps *steps, const struct erp_reply *reply, struct erp_outcome *outcome)
{
    enum erp_verdict verdict;

    erp_request_clear(&steps->erp.request);
    steps->erp.now_ms = clock_monotonic_ms();
    verdict = steps->setup->driver->step(steps->session->handle, &steps->erp, reply, outcome);
    failpoint_here("delivery.step");
    return record_session(steps, verdict, outcome);
}

void
steps_go(struct steps *steps, const struct erp_reply *reply)
{
    const struct steps_events *events = steps->events;
    const struct session *session = steps->session;
    struct erp_outcome outcome = {.reason_code = ""};
    struct at_once at_once = {.body = NULL};
    bool stepped = reply != NULL, later;
    enum erp_verdict verdict;
    void *arg = steps->arg;

    if (!reply)
        proxy_begin(steps->setup->proxy);
    do {
        verdict = one_step(steps, reply, &outcome);
        free(at_once.body);
        at_once.body = NULL;
        later = verdict != ERP_SEND || takes_time(&steps->erp.request);
        if (verdict == ERP_SEND && later && steps->erp.request.delay_ms)
            delay(steps);
        else if (verdict == ERP_SEND)
            verdict = leave(steps, &outcome, &at_once);
        reply = &at_once.reply;
    } while (verdict == ERP_SEND && !later);

    steps->waiting = verdict == ERP_WAIT;
    if (verdict != ERP_SEND && verdict != ERP_WAIT)
        steps_end(steps, verdict, &outcome);
    if (stepped && events->stepped)
        events->stepped(session, arg);
}

void
steps_leave(struct steps *steps)
{
    turn_remove(steps);
    if (steps->transfer)
        http_cancel(steps->transfer);
    steps->transfer = NULL;
    if (steps->kill)
        browser_killer_cancel(steps->kill);
    steps->kill = NULL;
    if (steps->delay)
        event_free(steps->delay);
    steps->delay = NULL;
    if (steps->session)
        steps->setup->driver->job_free(steps->session->handle, &steps->erp);
    erp_request_clear(&steps->erp.request);
    steps->session = NULL;
    steps->waiting = false;
}
