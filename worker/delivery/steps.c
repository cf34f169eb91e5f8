/* Step, record, send, repeat. */
#include "worker/delivery/steps.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/order/reason.h"
#include "worker/delivery/dialogue.h"
#include "worker/io/files.h"

static bool
takes_time(const struct erp_request *request)
{
    return request->kind == ERP_HTTP || request->kind == ERP_KILL_BROWSERS;
}

/* A file's reply is there at once. */
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

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    struct steps *steps = arg;
    struct erp_reply whole = *reply;

    failpoint_here("delivery.reply");
    steps->transfer = NULL;
    steps->kill = NULL;
    whole.cut_off = proxy_shut(steps->setup->proxy);
    dialogue_reply(&steps->erp, &whole);
    steps_go(steps, &whole);
}

/* ERP_SEND: it has been sent. */
static enum erp_verdict
leave(struct steps *steps, struct erp_outcome *outcome, struct at_once *at_once)
{
    struct erp_request *request = &steps->erp.request;

    if (steps->events->leaves && !steps->events->leaves(outcome, steps->arg))
        return ERP_RETRY;
    proxy_leaves(steps->setup->proxy, request);
    dialogue_request(&steps->erp);
    if (request->commits)
        failpoint_here("delivery.send_commit");
    if (request->kind == ERP_HTTP)
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

    if (session_record(steps->sessions, steps->session, &err) == 0)
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
