/* Prints the driver's events to stdout; between two of its requests it takes a screenshot, during
 * which the driver's clock stands still.
 *
 * A driver's request waits for a page that is loading, and so would the screenshot: if the next
 * request only queries the page, it goes first, and its wait counts for the step, as in a worker.
 */
#include "worker/dryrun/attempt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/order/reason.h"
#include "worker/dryrun/exchange.h"
#include "worker/dryrun/folder.h"
#include "worker/dryrun/trace.h"

#define SLOW_PICTURE_MS 2000 /* is mentioned */

/* --- requests, one after the other --- */

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    struct trace *t = arg;
    struct answer *answer = t->answer;

    t->transfer = NULL;
    answer->reply = *reply;
    answer->reply.cut_off = proxy_shut(t->setup->proxy);
    free(answer->body);
    answer->body = mem_alloc(reply->body_length + 1);
    if (reply->body)
        memcpy(answer->body, reply->body, reply->body_length);
    answer->reply.body = answer->body;
    free(answer->headers);
    answer->headers = mem_string(reply->headers ? reply->headers : "");
    answer->reply.headers = answer->headers;
    text_copy(answer->error, sizeof answer->error, reply->error ? reply->error : "");
    answer->reply.error = reply->error ? answer->error : NULL;
    event_base_loopbreak(t->setup->base);
}

/* It must not delay the next one. */
static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    struct trace *t = arg;

    (void)number;
    (void)what;
    t->interrupted = true;
    for (size_t i = 0; i < sizeof t->signals / sizeof *t->signals; i++)
        event_del(t->signals[i]);
    if (!t->closing)
        event_base_loopbreak(t->setup->base);
}

static bool
is_over(const struct trace *t)
{
    return t->interrupted && !t->closing;
}

/* false: a signal has come instead of the reply. */
static bool
perform(struct trace *t, const struct erp_request *request, struct answer *answer)
{
    struct timespec delay = {request->delay_ms / 1000, request->delay_ms % 1000 * 1000000L};

    nanosleep(&delay, NULL);
    event_base_loop(t->setup->base, EVLOOP_NONBLOCK);
    if (is_over(t))
        return false;
    if (request->kind == ERP_KILL_BROWSERS) { /* left to its watchdog */
        answer->reply = (struct erp_reply){.sent = true, .complete = true, .status = 200};
        return true;
    }
    t->committed |= request->commits;
    proxy_leaves(t->setup->proxy, request);
    t->answer = answer;
    t->transfer = http_send(t->setup->http, request, on_reply, t);
    event_base_dispatch(t->setup->base);
    if (t->transfer)
        http_cancel(t->transfer);
    t->transfer = NULL;
    return !is_over(t);
}

/* --- screenshots --- */

static void
save(const struct trace *t, const char *name, const char *bytes, size_t length)
{
    if (dryrun_folder_save(t->setup->folder, name, bytes, length))
        fprintf(stderr, "%s/%s: %s\n", t->setup->folder_path, name, strerror(errno));
}

static void
save_all(const struct trace *t, const char *bytes, size_t length)
{
    const json_t *name;
    size_t i;

    json_array_foreach(t->unseen, i, name)
    {
        save(t, json_string_value(name), bytes, length);
    }
}

/* Its duration counts for no step. */
static void
say_picture(const struct trace *t, const char *missing, int64_t took_ms)
{
    if (*missing)
        dryrun_page_say(t->page, "               (no screenshot after %.2f s: %s)\n",
                        (double)took_ms / 1000, missing);
    else if (took_ms >= SLOW_PICTURE_MS)
        dryrun_page_say(
            t->page, "               (the screenshot took %.2f s: it waits while a page loads)\n",
            (double)took_ms / 1000);
}

/* Of the result of the finished steps. */
static void
take_picture(struct trace *t)
{
    struct erp_request request = {.method = NULL};
    int64_t began_ms = clock_monotonic_ms(), took_ms;
    char *bytes = NULL, missing[160] = "interrupted";
    size_t length;

    if (!json_array_size(t->unseen) || !webdriver_picture(t->setup->session, &request))
        return;
    if (perform(t, &request, &t->seen))
        bytes = webdriver_picture_take(&t->seen.reply, &length, missing, sizeof missing);
    if (bytes)
        save_all(t, bytes, length);
    took_ms = clock_monotonic_ms() - began_ms;
    say_picture(t, bytes ? "" : missing, took_ms);
    if (bytes)
        dryrun_page_picture(t->page, json_string_value(json_array_get(t->unseen, 0)));
    free(bytes);
    json_array_clear(t->unseen);
    erp_request_clear(&request);
    t->paused_ms += took_ms;
}

/* --- how it ended --- */

static void
say_evidence(const struct trace *t, const struct erp_outcome *outcome)
{
    for (size_t i = 0; i < outcome->evidence_count; i++) {
        const struct erp_evidence *one = &outcome->evidence[i];
        char *name = dryrun_folder_name(t->steps, *t->failed ? t->failed : t->section, one->kind);

        save(t, name, one->bytes, one->length);
        dryrun_page_say(t->page, "  %s %s/%s\n",
                        strcmp(one->kind, "png") ? "source: " : "picture:", t->setup->folder_path,
                        name);
        free(name);
    }
}

static void
say_doubt(const struct trace *t)
{
    if (t->committed)
        dryrun_page_say(t->page, "  the ERP may have stored the line: look for %s\n",
                        t->setup->order->uniqueid);
}

static int
say_end(struct trace *t, enum erp_verdict verdict, const struct erp_outcome *outcome)
{
    static const char *const message[] = {[ERP_RETRY] = "the worker would retry",
                                          [ERP_REJECT] = "refused",
                                          [ERP_PARK] = "the worker would park"};

    if (verdict == ERP_CREATED) {
        dryrun_page_say(t->page, "%s, reference %s\n",
                        t->committed ? "created" : "the ERP already has the line",
                        outcome->reference);
        return 0;
    }
    dryrun_page_say(t->page, "%s, %s: %s\n", message[verdict], outcome->reason_code,
                    outcome->reason_text);
    if (*t->failed)
        dryrun_page_say(t->page, "  at:      %s\n", t->failed);
    say_evidence(t, outcome);
    if (verdict != ERP_REJECT || !reason_is_refusal(outcome->reason_code))
        say_doubt(t);
    return 1;
}

/* Whether a request goes further than requested. */
static bool
is_too_far(const struct trace *t, const struct erp_request *request)
{
    const char *until = t->setup->until;

    if (request->commits)
        return strcmp(until, "commit") && strcmp(until, "end");
    return strcmp(until, "commit") == 0 && strcmp(request->what, "verify") == 0;
}

static int
say_stop(const struct trace *t, const struct erp_request *next, bool interrupted)
{
    dryrun_page_say(t->page, "%s %s\n", interrupted ? "interrupted in" : "stopped before",
                    *t->step ? t->step : next->what);
    if (interrupted)
        say_doubt(t);
    return interrupted;
}

/* --- an attempt --- */

static bool
is_of_pages(const struct trace *t)
{
    return strcmp(t->setup->driver->system, "webdriver") == 0;
}

/* What remains is ERP_SEND where it was left in the middle. */
static enum erp_verdict
go_through(struct trace *t, struct erp_job *job, struct erp_outcome *outcome)
{
    const struct dryrun_attempt *setup = t->setup;
    const struct erp_reply *taken = NULL;
    enum erp_verdict verdict;

    for (;; taken = &t->said.reply) {
        bool goes_on, asks, pages = is_of_pages(t);

        erp_request_clear(&job->request);
        job->now_ms = clock_monotonic_ms() - t->paused_ms;
        verdict = setup->driver->step(setup->session, job, taken, outcome);
        goes_on =
            verdict == ERP_SEND && !is_over(t) && !(job->order && is_too_far(t, &job->request));
        asks = pages && goes_on && webdriver_asks(job);
        if (pages && !asks)
            take_picture(t);
        if (!pages)
            t->began_ms = clock_monotonic_ms();
        if (!goes_on || !perform(t, &job->request, &t->said))
            return verdict;
        if (!pages)
            exchange_add(t, job, &t->said.reply);
        if (asks)
            take_picture(t);
    }
}

/* What a recipe has begun before the commit, such as an edit that would lock the worksheet. */
static void
take_back(struct trace *t, struct erp_job *job, struct erp_outcome *outcome)
{
    const struct erp_driver *driver = t->setup->driver;
    enum erp_verdict verdict;

    job->abandoned = true;
    verdict = driver->step(t->setup->session, job, NULL, outcome);
    while (verdict == ERP_SEND && perform(t, &job->request, &t->said))
        verdict = driver->step(t->setup->session, job, &t->said.reply, outcome);
}

/* order NULL: logs out, and closes the browser. */
static int
attempt(struct trace *t, const struct order *order)
{
    const struct dryrun_attempt *setup = t->setup;
    struct erp_job job = {
        .workshop = setup->workshop, .order = order, .auth = order ? setup->auth : NULL};
    struct erp_outcome outcome = {.reason_code = ""};
    enum erp_verdict verdict;
    int status = 0;

    trace_begin(t, order && is_of_pages(t) ? "browser start" : "",
                clock_monotonic_ms() - t->paused_ms);
    verdict = go_through(t, &job, &outcome);
    if (order)
        status = verdict == ERP_SEND ? say_stop(t, &job.request, t->interrupted)
                                     : say_end(t, verdict, &outcome);
    if (order && !is_of_pages(t))
        exchange_save(t, &job, verdict == ERP_SEND ? NULL : &outcome, verdict);
    if (order && !is_of_pages(t) && verdict == ERP_SEND && !t->committed)
        take_back(t, &job, &outcome);
    fflush(stdout);
    setup->driver->job_free(setup->session, &job);
    erp_request_clear(&job.request);
    erp_outcome_clear(&outcome);
    return status;
}

/* If the browser is visible, the user wants to look at it. */
static void
wait_for_person(const struct trace *t)
{
    char byte = '\0';

    if (t->setup->terminal < 0 || t->interrupted)
        return;
    dryrun_page_say(t->page, "press Enter to close the browser\n");
    fflush(stdout);
    while (byte != '\n' && read(t->setup->terminal, &byte, 1) == 1)
        ;
}

int
dryrun_attempt(const struct dryrun_attempt *setup)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct trace t = {.setup = setup,
                      .page = dryrun_page_new(setup->title),
                      .section = "",
                      .variables = json_array(),
                      .unseen = json_array(),
                      .exchanges = json_array()};
    int status;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        t.signals[i] = evsignal_new(setup->base, numbers[i], on_signal, &t);
        if (!t.signals[i] || event_add(t.signals[i], NULL))
            die_abort("out of memory for signals");
    }
    if (is_of_pages(&t))
        webdriver_trace(setup->session, trace_on_event, &t);
    status = attempt(&t, setup->order);
    wait_for_person(&t);
    t.closing = true;
    attempt(&t, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        event_free(t.signals[i]);
    dryrun_page_end(t.page, setup->folder, setup->folder_path);
    json_decref(t.variables);
    json_decref(t.unseen);
    json_decref(t.exchanges);
    free(t.said.body);
    free(t.said.headers);
    free(t.seen.body);
    free(t.seen.headers);
    return status;
}
