/* Step, picture, send, repeat. A picture is taken before the next request that changes the page,
 * and the driver's clock stands still meanwhile. */
#include "worker/dryrun/remote_run.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/order/reason.h"
#include "erp-drivers/webdriver/dryrun.h"
#include "worker/dryrun/exchange.h"

/* Of all pictures and exchanges: they are one line of the channel. */
#define SHOWN_BYTES (5u << 19)
#define EXCHANGE_BYTES (32u << 10) /* a longer reply is not shown */

struct remote_run {
    struct remote_run_setup setup;
    struct erp_job job;
    struct erp_request picture;
    struct http_transfer *transfer; /* NULL: none is under way */
    struct event *turn;             /* the first step, or a request that is due later */
    json_t *steps;
    char *what;       /* the step under way; NULL: none */
    bool unseen;      /* steps have ended since the last picture */
    bool over;        /* there is nothing more to send */
    int64_t began_ms; /* of the step, or of the picture */
    int64_t paused_ms;
    size_t shown; /* bytes */
    const char *end;
};

static bool
is_of_pages(const struct remote_run *r)
{
    return strcmp(r->setup.driver->system, "webdriver") == 0;
}

static int64_t
now_ms(const struct remote_run *r)
{
    return clock_monotonic_ms() - r->paused_ms;
}

/* --- steps --- */

static void
begin(struct remote_run *r, const char *what)
{
    free(r->what);
    r->what = mem_string(what);
    r->began_ms = now_ms(r);
}

/* Ends the step under way. */
static json_t *
add_step(struct remote_run *r, bool ok, const char *code, const char *text)
{
    int64_t took_ms = r->what ? now_ms(r) - r->began_ms : 0;
    json_t *step = json_pack("{s:s s:b s:I s:s? s:s?}", "what", r->what ? r->what : "end", "ok", ok,
                             "ms", (json_int_t)took_ms, "reason_code", code, "text", text);

    json_array_append_new(r->steps, step);
    free(r->what);
    r->what = NULL;
    return step;
}

static json_t *
last_step(const struct remote_run *r)
{
    return json_array_get(r->steps, json_array_size(r->steps) - 1);
}

/* Whether there is room for so many bytes more. */
static bool
fits(struct remote_run *r, size_t bytes)
{
    if (r->shown + bytes > SHOWN_BYTES)
        return false;
    r->shown += bytes;
    return true;
}

static void
show_exchange(struct remote_run *r, json_t *step, const struct erp_reply *reply)
{
    json_t *exchange = exchange_json(r->setup.url, &r->job, reply);
    json_t *answer = json_object_get(exchange, "reply");

    if (json_dumpb(exchange, NULL, 0, JSON_COMPACT) > EXCHANGE_BYTES)
        json_object_set_new(answer, "body", json_string("(too large to be shown)"));
    if (fits(r, json_dumpb(exchange, NULL, 0, JSON_COMPACT)))
        json_object_update(step, exchange);
    json_decref(exchange);
}

static void
show_picture(struct remote_run *r, const char *bytes, size_t length)
{
    char *text;

    if (!json_array_size(r->steps) ||
        !fits(r, sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL)))
        return;
    text = secret_base64(bytes, length);
    json_object_set_new(last_step(r), "picture", json_string(text));
    free(text);
}

/* What the driver of a page recipe tells from inside its step. */
static void
on_event(const struct webdriver_event *event, void *arg)
{
    struct remote_run *r = arg;

    if (event->kind == WEBDRIVER_BEGINS) {
        if (r->what)
            add_step(r, true, NULL, NULL);
        begin(r, event->name);
    } else if (event->kind == WEBDRIVER_ENDS && r->what) {
        add_step(r, true, NULL, *event->message ? event->message : NULL);
        r->unseen = true;
    } else if (event->kind == WEBDRIVER_FAILS) {
        int64_t began_ms = r->what ? r->began_ms : now_ms(r);

        begin(r, event->name);
        r->began_ms = began_ms;
    }
}

/* --- the end --- */

static void
finish(struct remote_run *r, const char *end)
{
    r->end = end;
    r->setup.done(r->setup.arg);
}

/* The driver has ended it: the ERP has the line already, or it went wrong. */
static void
take_outcome(struct remote_run *r, enum erp_verdict verdict, struct erp_outcome *outcome)
{
    json_t *step;

    if (verdict == ERP_CREATED) {
        step = add_step(r, true, NULL, outcome->reference);
        r->end = "found";
    } else {
        step = add_step(r, false, outcome->reason_code, outcome->reason_text);
        r->end = "failed";
    }
    for (size_t i = 0; i < outcome->evidence_count && step; i++)
        if (strcmp(outcome->evidence[i].kind, "png") == 0) {
            show_picture(r, outcome->evidence[i].bytes, outcome->evidence[i].length);
            r->unseen = false;
        }
    erp_outcome_clear(outcome);
}

/* --- requests --- */

static void go_on(struct remote_run *r, const struct erp_reply *reply);

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    struct remote_run *r = arg;
    struct erp_reply whole = *reply;

    r->transfer = NULL;
    whole.cut_off = proxy_shut(r->setup.proxy);
    if (!is_of_pages(r))
        show_exchange(r, add_step(r, whole.complete && whole.status < 400, NULL, whole.error),
                      &whole);
    go_on(r, &whole);
}

static void
send_now(struct remote_run *r)
{
    static const struct erp_reply left_alone = {.sent = true, .complete = true, .status = 200};

    if (r->job.request.kind == ERP_KILL_BROWSERS) { /* those of the worker beside it */
        go_on(r, &left_alone);
        return;
    }
    if (!is_of_pages(r))
        begin(r, r->job.request.what);
    proxy_leaves(r->setup.proxy, &r->job.request);
    r->transfer = http_send(r->setup.http, &r->job.request, on_reply, r);
}

/* What the last step of the driver wants. */
static void
leave(struct remote_run *r)
{
    struct timeval delay = clock_timeval(r->job.request.delay_ms);

    if (r->over)
        finish(r, r->end);
    else if (r->job.request.delay_ms)
        evtimer_add(r->turn, &delay);
    else
        send_now(r);
}

static void
on_picture(const struct erp_reply *reply, void *arg)
{
    struct remote_run *r = arg;
    char missing[160];
    size_t length;
    char *bytes;

    r->transfer = NULL;
    bytes = webdriver_picture_take(reply, &length, missing, sizeof missing);
    if (bytes)
        show_picture(r, bytes, length);
    free(bytes);
    erp_request_clear(&r->picture);
    r->paused_ms += clock_monotonic_ms() - r->began_ms;
    r->began_ms = now_ms(r);
    leave(r);
}

/* A driver's request that only asks waits for a page that is loading, and so would the picture: it
 * goes first. */
static bool
take_picture(struct remote_run *r)
{
    if (!is_of_pages(r) || !r->unseen || (!r->over && webdriver_asks(&r->job)) ||
        !webdriver_picture(r->setup.session, &r->picture))
        return false;
    r->unseen = false;
    r->began_ms = clock_monotonic_ms();
    r->transfer = http_send(r->setup.http, &r->picture, on_picture, r);
    return true;
}

static void
go_on(struct remote_run *r, const struct erp_reply *reply)
{
    struct erp_outcome outcome = {.reason_code = ""};
    enum erp_verdict verdict;

    erp_request_clear(&r->job.request);
    r->job.now_ms = now_ms(r);
    verdict = r->setup.driver->step(r->setup.session, &r->job, reply, &outcome);
    if (verdict != ERP_SEND)
        take_outcome(r, verdict, &outcome);
    else if (r->job.request.commits)
        r->end = "before_commit";
    r->over = *r->end != '\0';
    if (!take_picture(r))
        leave(r);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct remote_run *r = arg;

    (void)fd;
    (void)what;
    if (r->job.request.url || r->job.request.kind == ERP_KILL_BROWSERS)
        send_now(r);
    else
        go_on(r, NULL);
}

struct remote_run *
remote_run_start(const struct remote_run_setup *setup)
{
    static const struct timeval now = {0, 0};
    struct remote_run *r = mem_alloc(sizeof *r);

    *r = (struct remote_run){
        .setup = *setup,
        .job = {.workshop = setup->workshop, .order = setup->order, .auth = setup->auth},
        .steps = json_array(),
        .end = ""};
    r->turn = loop_timer(setup->base, on_turn, r);
    proxy_begin(setup->proxy);
    if (is_of_pages(r)) {
        webdriver_trace(setup->session, on_event, r);
        begin(r, "browser start");
    }
    evtimer_add(r->turn, &now);
    return r;
}

void
remote_run_stop(struct remote_run *r, unsigned patience_s)
{
    struct erp_outcome late = {.reason_code = ""};

    if (*r->end)
        return;
    erp_end(&late, ERP_RETRY, REASON_ERP_UNREACHABLE, "not finished within %u s", patience_s);
    take_outcome(r, ERP_RETRY, &late);
}

json_t *
remote_run_result(const struct remote_run *r)
{
    return json_pack("{s:b s:s s:O}", "ok", strcmp(r->end, "failed") != 0, "end", r->end, "steps",
                     r->steps);
}

void
remote_run_free(struct remote_run *r)
{
    if (!r)
        return;
    if (r->transfer)
        http_cancel(r->transfer);
    event_free(r->turn);
    if (is_of_pages(r))
        webdriver_trace(r->setup.session, NULL, NULL);
    r->setup.driver->job_free(r->setup.session, &r->job);
    erp_request_clear(&r->job.request);
    erp_request_clear(&r->picture);
    json_decref(r->steps);
    free(r->what);
    free(r);
}
