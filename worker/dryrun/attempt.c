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
#include "worker/dryrun/walk.h"

#define SLOW_PICTURE_MS 2000 /* is mentioned */

/* --- requests, one after the other --- */

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    struct walk *w = arg;
    struct answer *answer = w->answer;

    w->transfer = NULL;
    answer->reply = *reply;
    answer->reply.cut_off = proxy_shut(w->setup->proxy);
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
    event_base_loopbreak(w->setup->base);
}

/* It must not delay the next one. */
static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    struct walk *w = arg;

    (void)number;
    (void)what;
    w->interrupted = true;
    for (size_t i = 0; i < sizeof w->signals / sizeof *w->signals; i++)
        event_del(w->signals[i]);
    if (!w->closing)
        event_base_loopbreak(w->setup->base);
}

static bool
is_over(const struct walk *w)
{
    return w->interrupted && !w->closing;
}

/* false: a signal has come instead of the reply. */
static bool
perform(struct walk *w, const struct erp_request *request, struct answer *answer)
{
    struct timespec delay = {request->delay_ms / 1000, request->delay_ms % 1000 * 1000000L};

    nanosleep(&delay, NULL);
    event_base_loop(w->setup->base, EVLOOP_NONBLOCK);
    if (is_over(w))
        return false;
    if (request->kind == ERP_KILL_BROWSERS) { /* left to its watchdog */
        answer->reply = (struct erp_reply){.sent = true, .complete = true, .status = 200};
        return true;
    }
    w->committed |= request->commits;
    proxy_leaves(w->setup->proxy, request);
    w->answer = answer;
    w->transfer = http_send(w->setup->http, request, on_reply, w);
    event_base_dispatch(w->setup->base);
    if (w->transfer)
        http_cancel(w->transfer);
    w->transfer = NULL;
    return !is_over(w);
}

/* --- screenshots --- */

static void
save(const struct walk *w, const char *name, const char *bytes, size_t length)
{
    if (dryrun_folder_save(w->setup->folder, name, bytes, length))
        fprintf(stderr, "%s/%s: %s\n", w->setup->folder_path, name, strerror(errno));
}

static void
save_all(const struct walk *w, const char *bytes, size_t length)
{
    const json_t *name;
    size_t i;

    json_array_foreach(w->unseen, i, name)
    {
        save(w, json_string_value(name), bytes, length);
    }
}

/* Its duration counts for no step. */
static void
say_picture(const struct walk *w, const char *missing, int64_t took_ms)
{
    if (*missing)
        dryrun_page_say(w->page, "               (no screenshot after %.2f s: %s)\n",
                        (double)took_ms / 1000, missing);
    else if (took_ms >= SLOW_PICTURE_MS)
        dryrun_page_say(
            w->page, "               (the screenshot took %.2f s: it waits while a page loads)\n",
            (double)took_ms / 1000);
}

/* Of the result of the finished steps. */
static void
take_picture(struct walk *w)
{
    struct erp_request request = {.method = NULL};
    int64_t began_ms = clock_monotonic_ms(), took_ms;
    char *bytes = NULL, missing[160] = "interrupted";
    size_t length;

    if (!json_array_size(w->unseen) || !webdriver_picture(w->setup->session, &request))
        return;
    if (perform(w, &request, &w->seen))
        bytes = webdriver_picture_take(&w->seen.reply, &length, missing, sizeof missing);
    if (bytes)
        save_all(w, bytes, length);
    took_ms = clock_monotonic_ms() - began_ms;
    say_picture(w, bytes ? "" : missing, took_ms);
    if (bytes)
        dryrun_page_picture(w->page, json_string_value(json_array_get(w->unseen, 0)));
    free(bytes);
    json_array_clear(w->unseen);
    erp_request_clear(&request);
    w->paused_ms += took_ms;
}

/* --- how it ended --- */

static void
say_evidence(const struct walk *w, const struct erp_outcome *outcome)
{
    for (size_t i = 0; i < outcome->evidence_count; i++) {
        const struct erp_evidence *one = &outcome->evidence[i];
        char *name = dryrun_folder_name(w->steps, w->failed, one->kind);

        save(w, name, one->bytes, one->length);
        dryrun_page_say(w->page, "  %s %s/%s\n",
                        strcmp(one->kind, "png") ? "source: " : "picture:", w->setup->folder_path,
                        name);
        free(name);
    }
}

static void
say_doubt(const struct walk *w)
{
    if (w->committed)
        dryrun_page_say(w->page, "  the ERP may have stored the line: look for %s\n",
                        w->setup->order->uniqueid);
}

static int
say_end(struct walk *w, enum erp_verdict verdict, const struct erp_outcome *outcome)
{
    static const char *const message[] = {[ERP_RETRY] = "the worker would retry",
                                          [ERP_REJECT] = "refused",
                                          [ERP_PARK] = "the worker would park"};

    if (verdict == ERP_CREATED) {
        dryrun_page_say(w->page, "%s, reference %s\n",
                        w->committed ? "created" : "the ERP already has the line",
                        outcome->reference);
        return 0;
    }
    dryrun_page_say(w->page, "%s, %s: %s\n", message[verdict], outcome->reason_code,
                    outcome->reason_text);
    if (*w->failed)
        dryrun_page_say(w->page, "  at:      %s\n", w->failed);
    say_evidence(w, outcome);
    if (verdict != ERP_REJECT || !reason_is_refusal(outcome->reason_code))
        say_doubt(w);
    return 1;
}

/* Whether a request goes further than requested. */
static bool
is_too_far(const struct walk *w, const struct erp_request *request)
{
    const char *until = w->setup->until;

    if (request->commits)
        return strcmp(until, "commit") && strcmp(until, "end");
    return strcmp(until, "commit") == 0 && strcmp(request->what, "read-back") == 0;
}

static int
say_stop(const struct walk *w, bool interrupted)
{
    dryrun_page_say(w->page, "%s %s\n", interrupted ? "interrupted in" : "stopped before",
                    *w->step ? w->step : "the next section");
    if (interrupted)
        say_doubt(w);
    return interrupted;
}

/* --- the walk --- */

static bool
is_of_pages(const struct walk *w)
{
    return strcmp(w->setup->driver->system, "webdriver") == 0;
}

/* What remains is ERP_SEND where it was left in the middle. */
static enum erp_verdict
go_through(struct walk *w, struct erp_job *job, struct erp_outcome *outcome)
{
    const struct dryrun_attempt *setup = w->setup;
    const struct erp_reply *taken = NULL;
    enum erp_verdict verdict;

    for (;; taken = &w->said.reply) {
        bool goes_on, asks, pages = is_of_pages(w);

        erp_request_clear(&job->request);
        job->now_ms = clock_monotonic_ms() - w->paused_ms;
        verdict = setup->driver->step(setup->session, job, taken, outcome);
        goes_on =
            verdict == ERP_SEND && !is_over(w) && !(job->order && is_too_far(w, &job->request));
        asks = pages && goes_on && webdriver_asks(job);
        if (pages && !asks)
            take_picture(w);
        if (!pages)
            w->began_ms = clock_monotonic_ms();
        if (!goes_on || !perform(w, &job->request, &w->said))
            return verdict;
        if (!pages)
            exchange_add(w, job, &w->said.reply);
        if (asks)
            take_picture(w);
    }
}

/* What a recipe has begun before the commit, such as an edit that would lock the worksheet. */
static void
take_back(struct walk *w, struct erp_job *job, struct erp_outcome *outcome)
{
    const struct erp_driver *driver = w->setup->driver;
    enum erp_verdict verdict;

    job->abandoned = true;
    verdict = driver->step(w->setup->session, job, NULL, outcome);
    while (verdict == ERP_SEND && perform(w, &job->request, &w->said))
        verdict = driver->step(w->setup->session, job, &w->said.reply, outcome);
}

/* order NULL: logs out, and closes the browser. */
static int
attempt(struct walk *w, const struct order *order)
{
    const struct dryrun_attempt *setup = w->setup;
    struct erp_job job = {
        .workshop = setup->workshop, .order = order, .auth = order ? setup->auth : NULL};
    struct erp_outcome outcome = {.reason_code = ""};
    enum erp_verdict verdict;
    int status = 0;

    walk_begin(w, order && is_of_pages(w) ? "browser start" : "",
               clock_monotonic_ms() - w->paused_ms);
    verdict = go_through(w, &job, &outcome);
    if (order)
        status = verdict == ERP_SEND ? say_stop(w, w->interrupted) : say_end(w, verdict, &outcome);
    if (order && !is_of_pages(w))
        exchange_save(w, &job, verdict == ERP_SEND ? NULL : &outcome, verdict);
    if (order && !is_of_pages(w) && verdict == ERP_SEND && !w->committed)
        take_back(w, &job, &outcome);
    fflush(stdout);
    setup->driver->job_free(setup->session, &job);
    erp_request_clear(&job.request);
    erp_outcome_clear(&outcome);
    return status;
}

/* If the browser is visible, the user wants to look at it. */
static void
wait_for_person(const struct walk *w)
{
    char byte = '\0';

    if (w->setup->terminal < 0 || w->interrupted)
        return;
    dryrun_page_say(w->page, "press Enter to close the browser\n");
    fflush(stdout);
    while (byte != '\n' && read(w->setup->terminal, &byte, 1) == 1)
        ;
}

int
dryrun_attempt(const struct dryrun_attempt *setup)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct walk w = {.setup = setup,
                     .page = dryrun_page_new(setup->title),
                     .variables = json_array(),
                     .unseen = json_array(),
                     .exchanges = json_array()};
    int status;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        w.signals[i] = evsignal_new(setup->base, numbers[i], on_signal, &w);
        if (!w.signals[i] || event_add(w.signals[i], NULL))
            die_abort("out of memory for signals");
    }
    if (is_of_pages(&w))
        webdriver_trace(setup->session, walk_on_event, &w);
    status = attempt(&w, setup->order);
    wait_for_person(&w);
    w.closing = true;
    attempt(&w, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        event_free(w.signals[i]);
    dryrun_page_end(w.page, setup->folder, setup->folder_path);
    json_decref(w.variables);
    json_decref(w.unseen);
    json_decref(w.exchanges);
    free(w.said.body);
    free(w.said.headers);
    free(w.seen.body);
    free(w.seen.headers);
    return status;
}
