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
#include "common/base/loop.h"
#include "common/order/reason.h"
#include "worker/dryrun/exchange.h"
#include "worker/dryrun/folder.h"
#include "worker/dryrun/progress.h"

#define SLOW_PICTURE_MS 2000 /* is mentioned */

/* --- requests, one after the other --- */

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    struct progress *p = arg;
    struct answer *answer = p->answer;

    p->transfer = NULL;
    answer->reply = *reply;
    answer->reply.cut_off = proxy_shut(p->setup->proxy);
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
    event_base_loopbreak(p->setup->base);
}

/* It must not delay the next one. */
static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    struct progress *p = arg;

    (void)number;
    (void)what;
    p->interrupted = true;
    for (size_t i = 0; i < sizeof p->signals / sizeof *p->signals; i++)
        event_del(p->signals[i]);
    if (!p->closing)
        event_base_loopbreak(p->setup->base);
}

static bool
is_over(const struct progress *p)
{
    return p->interrupted && !p->closing;
}

/* false: a signal has come instead of the reply. */
static bool
perform(struct progress *p, const struct erp_request *request, struct answer *answer)
{
    struct timespec delay = {request->delay_ms / 1000, request->delay_ms % 1000 * 1000000L};

    nanosleep(&delay, NULL);
    event_base_loop(p->setup->base, EVLOOP_NONBLOCK);
    if (is_over(p))
        return false;
    if (request->kind == ERP_KILL_BROWSERS) { /* left to its watchdog */
        answer->reply = (struct erp_reply){.sent = true, .complete = true, .status = 200};
        return true;
    }
    p->committed |= request->commits;
    proxy_leaves(p->setup->proxy, request);
    p->answer = answer;
    p->transfer = http_send(p->setup->http, request, on_reply, p);
    event_base_dispatch(p->setup->base);
    if (p->transfer)
        http_cancel(p->transfer);
    p->transfer = NULL;
    return !is_over(p);
}

/* --- screenshots --- */

static void
save(const struct progress *p, const char *name, const char *bytes, size_t length)
{
    if (dryrun_folder_save(p->setup->folder, name, bytes, length))
        fprintf(stderr, "%s/%s: %s\n", p->setup->folder_path, name, strerror(errno));
}

static void
save_all(const struct progress *p, const char *bytes, size_t length)
{
    const json_t *name;
    size_t i;

    json_array_foreach(p->unseen, i, name)
    {
        save(p, json_string_value(name), bytes, length);
    }
}

/* Its duration counts for no step. */
static void
say_picture(const struct progress *p, const char *missing, int64_t took_ms)
{
    if (*missing)
        dryrun_page_say(p->page, "               (no screenshot after %.2f s: %s)\n",
                        (double)took_ms / 1000, missing);
    else if (took_ms >= SLOW_PICTURE_MS)
        dryrun_page_say(
            p->page, "               (the screenshot took %.2f s: it waits while a page loads)\n",
            (double)took_ms / 1000);
}

/* Of the result of the finished steps. */
static void
take_picture(struct progress *p)
{
    struct erp_request request = {.method = NULL};
    int64_t began_ms = clock_monotonic_ms(), took_ms;
    char *bytes = NULL, missing[160] = "interrupted";
    size_t length;

    if (!json_array_size(p->unseen) || !webdriver_picture(p->setup->session, &request))
        return;
    if (perform(p, &request, &p->seen))
        bytes = webdriver_picture_take(&p->seen.reply, &length, missing, sizeof missing);
    if (bytes)
        save_all(p, bytes, length);
    took_ms = clock_monotonic_ms() - began_ms;
    say_picture(p, bytes ? "" : missing, took_ms);
    if (bytes)
        dryrun_page_picture(p->page, json_string_value(json_array_get(p->unseen, 0)));
    free(bytes);
    json_array_clear(p->unseen);
    erp_request_clear(&request);
    p->paused_ms += took_ms;
}

/* --- how it ended --- */

static void
say_evidence(const struct progress *p, const struct erp_outcome *outcome)
{
    for (size_t i = 0; i < outcome->evidence_count; i++) {
        const struct erp_evidence *one = &outcome->evidence[i];
        char *name = dryrun_folder_name(p->steps, *p->failed ? p->failed : p->section, one->kind);

        save(p, name, one->bytes, one->length);
        dryrun_page_say(p->page, "  %s %s/%s\n",
                        strcmp(one->kind, "png") ? "source: " : "picture:", p->setup->folder_path,
                        name);
        free(name);
    }
}

static void
say_doubt(const struct progress *p)
{
    if (p->committed)
        dryrun_page_say(p->page, "  the ERP may have stored the line: look for %s\n",
                        p->setup->order->uniqueid);
}

static int
say_end(struct progress *p, enum erp_verdict verdict, const struct erp_outcome *outcome)
{
    static const char *const message[] = {[ERP_RETRY] = "the worker would retry",
                                          [ERP_REJECT] = "refused",
                                          [ERP_PARK] = "the worker would park"};

    if (verdict == ERP_CREATED) {
        dryrun_page_say(p->page, "%s, reference %s\n",
                        p->committed ? "created" : "the ERP already has the line",
                        outcome->reference);
        return 0;
    }
    dryrun_page_say(p->page, "%s, %s: %s\n", message[verdict], outcome->reason_code,
                    outcome->reason_text);
    if (*p->failed)
        dryrun_page_say(p->page, "  at:      %s\n", p->failed);
    say_evidence(p, outcome);
    if (verdict != ERP_REJECT || !reason_is_refusal(outcome->reason_code))
        say_doubt(p);
    return 1;
}

/* Whether a request goes further than requested. */
static bool
is_too_far(const struct progress *p, const struct erp_request *request)
{
    const char *until = p->setup->until;

    if (request->commits)
        return strcmp(until, "commit") && strcmp(until, "end");
    return strcmp(until, "commit") == 0 && strcmp(request->what, "verify") == 0;
}

static int
say_stop(const struct progress *p, const struct erp_request *next, bool interrupted)
{
    dryrun_page_say(p->page, "%s %s\n", interrupted ? "interrupted in" : "stopped before",
                    *p->step ? p->step : next->what);
    if (interrupted)
        say_doubt(p);
    return interrupted;
}

/* --- an attempt --- */

static bool
is_of_pages(const struct progress *p)
{
    return strcmp(p->setup->driver->system, "webdriver") == 0;
}

/* What remains is ERP_SEND where it was left in the middle. */
static enum erp_verdict
go_through(struct progress *p, struct erp_job *job, struct erp_outcome *outcome)
{
    const struct dryrun_attempt *setup = p->setup;
    const struct erp_reply *taken = NULL;
    enum erp_verdict verdict;

    for (;; taken = &p->said.reply) {
        bool goes_on, asks, pages = is_of_pages(p);

        erp_request_clear(&job->request);
        job->now_ms = clock_monotonic_ms() - p->paused_ms;
        verdict = setup->driver->step(setup->session, job, taken, outcome);
        goes_on =
            verdict == ERP_SEND && !is_over(p) && !(job->order && is_too_far(p, &job->request));
        asks = pages && goes_on && webdriver_asks(job);
        if (pages && !asks)
            take_picture(p);
        if (!pages)
            p->began_ms = clock_monotonic_ms();
        if (!goes_on || !perform(p, &job->request, &p->said))
            return verdict;
        if (!pages)
            exchange_add(p, job, &p->said.reply);
        if (asks)
            take_picture(p);
    }
}

/* What a recipe has begun before the commit, such as an edit that would lock the worksheet. */
static void
take_back(struct progress *p, struct erp_job *job, struct erp_outcome *outcome)
{
    const struct erp_driver *driver = p->setup->driver;
    enum erp_verdict verdict;

    job->abandoned = true;
    verdict = driver->step(p->setup->session, job, NULL, outcome);
    while (verdict == ERP_SEND && perform(p, &job->request, &p->said))
        verdict = driver->step(p->setup->session, job, &p->said.reply, outcome);
}

/* order NULL: logs out, and closes the browser. */
static int
attempt(struct progress *p, const struct order *order)
{
    const struct dryrun_attempt *setup = p->setup;
    struct erp_job job = {
        .workshop = setup->workshop, .order = order, .auth = order ? setup->auth : NULL};
    struct erp_outcome outcome = {.reason_code = ""};
    enum erp_verdict verdict;
    int status = 0;

    progress_begin(p, order && is_of_pages(p) ? "browser start" : "",
                   clock_monotonic_ms() - p->paused_ms);
    verdict = go_through(p, &job, &outcome);
    if (order)
        status = verdict == ERP_SEND ? say_stop(p, &job.request, p->interrupted)
                                     : say_end(p, verdict, &outcome);
    if (order && !is_of_pages(p))
        exchange_save(p, &job, verdict == ERP_SEND ? NULL : &outcome, verdict);
    if (order && !is_of_pages(p) && verdict == ERP_SEND && !p->committed)
        take_back(p, &job, &outcome);
    fflush(stdout);
    setup->driver->job_free(setup->session, &job);
    erp_request_clear(&job.request);
    erp_outcome_clear(&outcome);
    return status;
}

/* If the browser is visible, the user wants to look at it. */
static void
wait_for_person(const struct progress *p)
{
    char byte = '\0';

    if (p->setup->terminal < 0 || p->interrupted)
        return;
    dryrun_page_say(p->page, "press Enter to close the browser\n");
    fflush(stdout);
    while (byte != '\n' && read(p->setup->terminal, &byte, 1) == 1)
        ;
}

int
dryrun_attempt(const struct dryrun_attempt *setup)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct progress p = {.setup = setup,
                         .page = dryrun_page_new(setup->title),
                         .section = "",
                         .variables = json_array(),
                         .unseen = json_array(),
                         .exchanges = json_array()};
    int status;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        p.signals[i] = loop_event(setup->base, numbers[i], EV_SIGNAL | EV_PERSIST, on_signal, &p);
        loop_add(p.signals[i], NULL);
    }
    if (is_of_pages(&p))
        webdriver_trace(setup->session, progress_on_event, &p);
    status = attempt(&p, setup->order);
    wait_for_person(&p);
    p.closing = true;
    attempt(&p, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        event_free(p.signals[i]);
    dryrun_page_end(p.page, setup->folder, setup->folder_path);
    json_decref(p.variables);
    json_decref(p.unseen);
    json_decref(p.exchanges);
    free(p.said.body);
    free(p.said.headers);
    free(p.seen.body);
    free(p.seen.headers);
    return status;
}
