/* One job of the driver that logs in, or goes through an order up to its line, and one that closes
 * what it has opened. */
#include "worker/trial.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/order/reason.h"
#include "worker/delivery/steps.h"
#include "worker/dryrun/remote_run.h"
#include "worker/io/names.h"
#include "worker/setup.h"

#define PATIENCE_MS 60000
#define DRY_RUN_MS 100000 /* a browser takes its time, and so do the pictures */
#define DRIVER_MS 40000   /* for a WebDriver server of its own, which starts with this process */
#define DRIVER_PAUSE_MS 250
#define NOTHING "pumplinetest" /* a worksheet, product and order that no ERP has */

struct trial {
    struct worker parts; /* those that a worker shares: no queue, no API, no delivery */
    struct trial_events events;
    struct delivery_setup setup;
    struct sessions sessions;
    struct session session;
    struct order order;
    struct erp_facts facts;
    struct steps steps;
    bool dry;               /* an order, step by step */
    struct remote_run *run; /* NULL: not begun, or over */
    struct event *timer;    /* the deadline; then the next turn */
    json_t *result;         /* of the dry run; NULL: none, or not over */
    json_t *said;           /* steps */
    const char *what;       /* of the step under way; NULL: none; static */
    int64_t began_ms, driver_by_ms;
    bool failed, closing, again;
};

/* --- steps --- */

static void
say(struct trial *t, bool ok, const struct erp_outcome *outcome)
{
    const char *code = ok ? NULL : outcome->reason_code, *text = ok ? NULL : outcome->reason_text;

    json_array_append_new(t->said, json_pack("{s:s s:b s:I s:s? s:s?}", "what", t->what, "ok", ok,
                                             "ms", (json_int_t)(clock_monotonic_ms() - t->began_ms),
                                             "reason_code", code, "text", text));
    t->what = NULL;
    t->failed |= !ok;
}

static void
begin(struct trial *t, const char *what)
{
    t->what = what;
    t->began_ms = clock_monotonic_ms();
}

/* Requests of one kind are one step. */
static void
on_sends(void *arg)
{
    struct trial *t = arg;
    const char *what = t->steps.erp.request.what;

    if (t->closing || (t->what && strcmp(t->what, what) == 0))
        return;
    if (t->what)
        say(t, true, NULL);
    begin(t, what);
}

/* --- the end --- */

static void
finish(struct trial *t)
{
    json_t *result = t->result ? json_incref(t->result)
                               : json_pack("{s:b s:O}", "ok", !t->failed, "steps", t->said);

    t->events.done(result, t->events.arg);
    json_decref(result);
}

static void on_ended(enum erp_verdict verdict, const struct erp_outcome *outcome, void *arg);

static void
start_job(struct trial *t, bool closing)
{
    static const struct steps_events events = {.sends = on_sends, .ended = on_ended};

    t->closing = closing;
    t->steps = (struct steps){.setup = &t->setup,
                              .sessions = &t->sessions,
                              .session = &t->session,
                              .erp = {.purpose = closing ? ERP_PLACE : ERP_LOG_IN,
                                      .facts = closing ? NULL : &t->facts,
                                      .order = closing ? NULL : &t->order,
                                      .workshop = t->parts.workshop->name},
                              .events = &events,
                              .arg = t};
    if (!closing && t->parts.credentials.username)
        t->steps.erp.auth = &t->parts.credentials;
    steps_go(&t->steps, NULL);
}

/* Its own WebDriver server is not there yet. */
static bool
is_early(const struct trial *t, const char *reason_code)
{
    return t->parts.own_driver && !t->closing && reason_code &&
           strcmp(reason_code, REASON_BROWSER_FAILURE) == 0 &&
           !session_is_open(&t->sessions, &t->session) && clock_monotonic_ms() < t->driver_by_ms;
}

/* --- the dry run of an order --- */

static void
on_run_over(void *arg)
{
    struct trial *t = arg;
    struct timeval pause;
    json_t *steps;

    t->result = remote_run_result(t->run);
    steps = json_object_get(t->result, "steps");
    t->again = is_early(t, json_string_value(json_object_get(
                               json_array_get(steps, json_array_size(steps) - 1), "reason_code")));
    pause = clock_timeval(t->again ? DRIVER_PAUSE_MS : 0);
    evtimer_add(t->timer, &pause);
}

static void
start_run(struct trial *t)
{
    const struct worker *w = &t->parts;
    const char *url = json_string_value(json_object_get(w->erp, "url"));
    const struct remote_run_setup setup = {.base = w->base,
                                           .http = w->http,
                                           .proxy = w->proxy,
                                           .driver = w->driver,
                                           .session = t->session.handle,
                                           .workshop = w->workshop->name,
                                           .url = url ? url : "",
                                           .order = &t->order,
                                           .auth = w->credentials.username ? &w->credentials : NULL,
                                           .done = on_run_over,
                                           .arg = t};

    t->run = remote_run_start(&setup);
}

static void
end_run(struct trial *t)
{
    if (!t->run)
        return;
    if (!t->result) {
        remote_run_stop(t->run, DRY_RUN_MS / 1000);
        t->result = remote_run_result(t->run);
    }
    remote_run_free(t->run);
    t->run = NULL;
}

/* --- one after the other --- */

static void
start(struct trial *t)
{
    struct timeval patience = clock_timeval(t->dry ? DRY_RUN_MS : PATIENCE_MS);

    t->again = false;
    evtimer_add(t->timer, &patience);
    if (t->dry)
        start_run(t);
    else
        start_job(t, false);
}

/* What the session has opened (a browser) is closed, whatever became of the login. */
static void
on_next(evutil_socket_t fd, short what, void *arg)
{
    struct trial *t = arg;
    struct erp_outcome late;

    (void)fd;
    (void)what;
    end_run(t);
    if (t->again) {
        steps_leave(&t->steps);
        json_decref(t->result);
        t->result = NULL;
        start(t);
        return;
    }
    if (t->steps.session && t->what) {
        erp_end(&late, ERP_RETRY, REASON_ERP_UNREACHABLE, "no answer within %d s",
                PATIENCE_MS / 1000);
        say(t, false, &late);
    }
    steps_leave(&t->steps);
    if (!t->closing && session_is_open(&t->sessions, &t->session)) {
        struct timeval patience = clock_timeval(DELIVERY_CLOSING_MS);

        evtimer_add(t->timer, &patience);
        start_job(t, true);
    } else {
        finish(t);
    }
}

static void
on_ended(enum erp_verdict verdict, const struct erp_outcome *outcome, void *arg)
{
    struct trial *t = arg;
    struct timeval pause = clock_timeval(DRIVER_PAUSE_MS);
    const char *fault = t->closing ? NULL : allowlist_fault(&t->parts.allowlist);
    struct erp_outcome refused;

    if (fault && verdict == ERP_CREATED) {
        verdict = erp_end(&refused, ERP_RETRY, REASON_ERP_FAILURE, "%s", fault);
        outcome = &refused;
    }
    t->again = verdict == ERP_RETRY && is_early(t, outcome->reason_code);
    if (t->again) {
        evtimer_add(t->timer, &pause);
        return;
    }
    if (!t->what && verdict != ERP_CREATED)
        begin(t, "login");
    if (t->what)
        say(t, verdict == ERP_CREATED, outcome);
    event_add(t->timer, &(struct timeval){0, 0});
}

/* --- the beginning --- */

/* Opens what only the original user can; then it has only a worker's rights. */
static int
shut_in(struct trial *t, const json_t *slice, struct err *err)
{
    struct sandbox_setup setup = {
        .mode = setup_text(slice, "sandbox"),
        .uid = (uid_t)json_integer_value(json_object_get(slice, "uid")),
        .gid = (gid_t)json_integer_value(json_object_get(slice, "gid")),
        .supervisor_pid = (pid_t)json_integer_value(json_object_get(slice, "supervisor_pid"))};

    if (allowlist_erp(&t->parts.allowlist, &setup, slice, err))
        return -1;
    setup.names = false;
    return sandbox_enter(&setup, err) || sandbox_alone(err) ? -1 : 0;
}

static void
start_session(struct trial *t)
{
    struct worker *w = &t->parts;

    t->setup = setup_delivery(w);
    t->sessions = (struct sessions){.driver = w->driver, .erp = w->erp};
    t->session.handle = w->driver->session_new(w->erp);
    t->order.status = ORDER_PROCESSING;
}

/* Of a test: what no ERP has. Of a dry run: what the workshop's rules have made of an order. */
static void
take_order(struct trial *t, const json_t *given)
{
    struct order *order = &t->order;

    t->dry = given != NULL;
    text_copy(order->uniqueid, sizeof order->uniqueid,
              given ? setup_text(given, "uniqueid") : NOTHING);
    text_copy(order->worksheet, sizeof order->worksheet,
              given ? setup_text(given, "worksheet") : NOTHING);
    text_copy(order->product_nr, sizeof order->product_nr, setup_text(given, "product_nr"));
    text_copy(order->product_amount, sizeof order->product_amount,
              setup_text(given, "product_amount"));
}

static void
on_start(evutil_socket_t fd, short what, void *arg)
{
    struct trial *t = arg;

    (void)fd;
    (void)what;
    event_free(t->timer);
    t->timer = loop_timer(t->parts.base, on_next, t);
    t->driver_by_ms = clock_monotonic_ms() + DRIVER_MS;
    start(t);
}

struct trial *
trial_start(struct event_base *base, const json_t *slice, const struct trial_events *events,
            struct err *err)
{
    struct trial *t = mem_alloc(sizeof *t);

    t->events = *events;
    t->parts.base = base;
    t->parts.events = (struct worker_events){
        .kill_browsers = events->kill_browsers, .resolve = events->resolve, .arg = events->arg};
    t->parts.allowlist = ALLOWLIST_NOTHING;
    t->said = json_array();
    if (setup_load(&t->parts, slice, err))
        goto failed;
    log_open(t->parts.workshop->name);
    take_order(t, json_object_get(slice, "order"));
    if (shut_in(t, slice, err))
        goto failed;
    setup_io(&t->parts);
    start_session(t);
    t->timer = loop_timer(base, on_start, t);
    event_add(t->timer, &(struct timeval){0, 0});
    return t;
failed:
    trial_free(t);
    return NULL;
}

void
trial_resolved(struct trial *trial, const json_t *message)
{
    names_answered(trial->parts.names, message);
}

void
trial_browsers_killed(struct trial *trial, unsigned ended)
{
    browser_killer_answer(trial->parts.browser_killer, ended);
}

void
trial_free(struct trial *t)
{
    struct worker *w;

    if (!t)
        return;
    w = &t->parts;
    remote_run_free(t->run);
    steps_leave(&t->steps);
    if (t->session.handle)
        w->driver->session_free(t->session.handle);
    if (t->timer)
        event_free(t->timer);
    setup_free_io(w);
    setup_free(w);
    json_decref(t->said);
    json_decref(t->result);
    free(t);
}
