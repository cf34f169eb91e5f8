/* ERPs that have only a web page: a browser, driven by a recipe through W3C WebDriver.
 *
 * The walk of an attempt: a browser, opened where there is none → login, where it is not logged in
 * → lookup → created, or create → commit → error rules → verify → created. A refusal after the
 * commit → lookup → created, or refused. One browser serves order after order. What a recipe says
 * is webdriver_run.c's; this file says in which order. */
#include <stdlib.h>
#include <string.h>

#include "erp-drivers/drivers.h"
#include "erp-drivers/webdriver/attempt.h"

#define CLEAN_TRIES 5
#define LEAVE_MS 5000 /* for logging out: a closing job has to end the browser as well */

enum phase { PREPARE, OPEN, CLEAN, SETTLE, STEPS, LOOK, FAILURE, CLOSE };

static enum result
go_on(struct attempt *a, enum phase phase)
{
    a->phase = phase;
    a->stage = 0;
    return AGAIN;
}

static enum result
go_to_section(struct attempt *a, enum section section)
{
    run_section(a, section);
    return go_on(a, STEPS);
}

/* The browser must go; a new one is opened unless all is said. */
static enum result
close_useless(struct attempt *a)
{
    a->browser->useless = true;
    return go_on(a, CLOSE);
}

static enum result
end_with(struct attempt *a, enum erp_verdict verdict, const char *code, const char *message)
{
    a->verdict = erp_end(&a->outcome, verdict, code, "%s", message);
    a->ended = true;
    return DONE;
}

/* Nothing but cleaning up may follow. */
static enum result
finish(struct attempt *a)
{
    return a->browser->id && a->browser->useless ? go_on(a, CLOSE) : DONE;
}

/* --- opening and closing --- */

static enum result
log_out(struct attempt *a)
{
    const struct browser *b = a->browser;

    if (!b->logged_in || b->useless || !json_object_get(b->recipe, "logout"))
        return go_on(a, CLOSE);
    if (!a->leaving)
        a->leave_by_ms = a->job->now_ms + LEAVE_MS;
    a->leaving = true;
    return b->dirty ? go_on(a, CLEAN) : go_to_section(a, LOGOUT);
}

static enum result
first_section(struct attempt *a)
{
    if (!a->browser->logged_in) {
        a->password_typed = false;
        return go_to_section(a, LOGIN);
    }
    if (a->stored)
        return go_to_section(a, VERIFY);
    return attempt_in_doubt(a) ? go_on(a, SETTLE) : go_to_section(a, LOOKUP);
}

static int64_t
settle_ms(const struct browser *b)
{
    return 1000 * recipe_number(b->recipe, "settle_s", RECIPE_SETTLE_S);
}

static enum result
on_prepare(struct attempt *a, const struct wire_reply *reply)
{
    struct browser *b = a->browser;
    char wrong[RECIPE_WRONG_BYTES];

    (void)reply;
    if (!a->job->order)
        return life_is_on(b) ? log_out(a) : end_with(a, ERP_CREATED, NULL, "");
    if (!recipe_id_fits(b->recipe, a->job->order->uniqueid, wrong))
        return end_with(a, ERP_REJECT, attempt_in_doubt(a) ? "outcome_unknown" : "erp_rejected",
                        wrong);
    a->settled_ms = a->job->now_ms + settle_ms(b);
    if (b->starting || (b->id && b->useless))
        return go_on(a, CLOSE);
    if (b->id && browser_is_due(b, a->job->now_ms))
        return log_out(a);
    if (!b->id)
        return go_on(a, OPEN);
    b->orders++;
    return b->dirty ? go_on(a, CLEAN) : first_section(a);
}

static enum result
on_open(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = life_open(a, reply);

    if (result == SENT)
        return SENT;
    if (result == DONE)
        return first_section(a);
    return life_is_on(a->browser) ? go_on(a, CLOSE) : DONE;
}

static enum result
on_close(struct attempt *a, const struct wire_reply *reply)
{
    if (life_end(a, reply) == SENT)
        return SENT;
    a->leaving = false;
    if (!a->ended && !a->job->order)
        end_with(a, ERP_CREATED, NULL, "");
    run_enter_window(a, NULL);
    return a->ended ? DONE : go_on(a, OPEN);
}

/* --- after an attempt that ended in the middle of something --- */

enum { LIST_WINDOWS, GO_TO_WINDOW, CLOSE_WINDOW, GO_TO_MAIN, BLANK_PAGE, DISMISSED };

static enum result
clean_send(struct attempt *a, int stage, const char *method, const char *command, json_t *body)
{
    a->stage = stage;
    return send_command(a, method, command, body);
}

/* A window that is not the main one is closed; *main: it is among them. */
static const char *
other_window(const struct attempt *a, const json_t *handles, bool *main)
{
    const char *other = NULL;
    const json_t *handle;
    size_t i;

    *main = false;
    json_array_foreach(handles, i, handle)
    {
        const char *text = json_string_value(handle);

        if (text && strcmp(text, a->browser->main_window) == 0)
            *main = true;
        else if (text)
            other = text;
    }
    return other;
}

static enum result
clean_windows(struct attempt *a, const json_t *handles)
{
    bool main;
    const char *other = other_window(a, handles, &main);

    if (!main || (other && a->cleanings++ >= CLEAN_TRIES))
        return close_useless(a);
    if (other)
        return clean_send(a, GO_TO_WINDOW, "POST", "window", json_pack("{s:s}", "handle", other));
    return clean_send(a, GO_TO_MAIN, "POST", "window",
                      json_pack("{s:s}", "handle", a->browser->main_window));
}

/* Other windows are closed, dialogs dismissed, and the page is left: what was half done is
 * forgotten. */
static enum result
on_clean(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return clean_send(a, LIST_WINDOWS, "GET", "window/handles", NULL);
    if (reply->kind == WIRE_DIALOG && a->cleanings++ < CLEAN_TRIES)
        return clean_send(a, DISMISSED, "POST", "alert/dismiss", NULL);
    if (reply->kind != WIRE_OK && a->stage != DISMISSED)
        return close_useless(a);
    switch (a->stage) {
    case LIST_WINDOWS:
        return clean_windows(a, reply->value);
    case GO_TO_WINDOW:
        return clean_send(a, CLOSE_WINDOW, "DELETE", "window", NULL);
    case GO_TO_MAIN:
        return clean_send(a, BLANK_PAGE, "POST", "url", json_pack("{s:s}", "url", "about:blank"));
    case BLANK_PAGE:
        a->browser->dirty = false;
        return a->leaving ? log_out(a) : first_section(a);
    default:
        return clean_send(a, LIST_WINDOWS, "GET", "window/handles", NULL);
    }
}

/* --- the walk --- */

/* What was sent may still be under way in the ERP: a little patience, or it is looked up too early
 * and done twice. */
static enum result
on_settle(struct attempt *a, const struct wire_reply *reply)
{
    int64_t rest = a->settled_ms - a->job->now_ms;

    if (!reply && rest > 0) {
        a->step.wait_ms = (unsigned)rest;
        return send_command(a, "GET", "window/handles", NULL);
    }
    if (reply && reply->kind != WIRE_OK) {
        take_trouble(a, reply);
        return go_on(a, FAILURE);
    }
    return go_to_section(a, LOOKUP);
}

static enum result
looked_up(struct attempt *a)
{
    if (!a->found.is && !a->refusal.code)
        return go_to_section(a, CREATE);
    if (a->found.is)
        failure_compare(a, a->committed ? "amount_refused" : "erp_rejected");
    else
        end_with(a, ERP_REJECT, a->refusal.code, a->refusal.message);
    return finish(a);
}

static enum result
verified(struct attempt *a)
{
    if (a->found.is)
        failure_compare(a, "amount_refused");
    else
        end_with(a, ERP_REJECT, "outcome_unknown",
                 "the ERP accepted the line, but does not show it: not sending it again");
    return finish(a);
}

static enum result
section_done(struct attempt *a)
{
    switch (a->section) {
    case LOGIN:
        a->browser->logged_in = true;
        return first_section(a);
    case LOOKUP:
        return looked_up(a);
    case CREATE:
        return go_to_section(a, COMMIT);
    case COMMIT:
        return go_on(a, LOOK);
    case VERIFY:
        return verified(a);
    default:
        return go_on(a, CLOSE);
    }
}

static enum result
on_steps(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = run_continue(a, reply);

    if (result == SENT)
        return SENT;
    if (result == DONE || a->section == LOGOUT) {
        if (result == FAILED)
            trace_fails(a);
        return section_done(a);
    }
    return go_on(a, FAILURE);
}

static enum result
on_look(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = failure_look(a, reply);

    if (result == SENT)
        return SENT;
    return result == DONE ? go_to_section(a, VERIFY) : go_on(a, FAILURE);
}

/* The ERP has said that it stored the line: nothing is under way. */
static bool
is_confirmed(const struct attempt *a)
{
    return a->section > COMMIT || (a->section == COMMIT && !a->depth);
}

static enum result
on_failure(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        trace_fails(a);
    if (failure_continue(a, reply) == SENT)
        return SENT;
    if (a->ended)
        return finish(a);
    if (a->lost)
        trace_renews(a);
    a->lost = false;
    a->settled_ms = a->job->now_ms + (is_confirmed(a) ? 0 : settle_ms(a->browser));
    a->failure = (struct failure){.code = NULL};
    run_clear(a);
    run_enter_window(a, NULL);
    json_object_clear(a->vars);
    return go_on(a, CLEAN);
}

static enum result (*const phases[])(struct attempt *, const struct wire_reply *) = {
    [PREPARE] = on_prepare, [OPEN] = on_open, [CLEAN] = on_clean,     [SETTLE] = on_settle,
    [STEPS] = on_steps,     [LOOK] = on_look, [FAILURE] = on_failure, [CLOSE] = on_close};

/* --- the contract --- */

static void *
webdriver_session_new(const json_t *erp)
{
    return browser_new(erp);
}

static void
webdriver_session_free(void *session)
{
    browser_free(session);
}

static struct attempt *
attempt_new(struct browser *browser, struct erp_job *job)
{
    struct attempt *a = mem_alloc(sizeof *a);

    a->browser = browser;
    a->job = job;
    a->vars = json_object();
    a->frames = json_array();
    a->twins = json_array();
    return a;
}

/* A browser that hangs is ended without. */
static void
leave_in_time(struct attempt *a)
{
    struct erp_request *request = &a->job->request;
    int64_t left_ms = a->leave_by_ms - a->job->now_ms;

    if (a->leaving && a->phase != CLOSE && request->timeout_ms > left_ms)
        request->timeout_ms = left_ms > 1 ? (unsigned)left_ms : 1;
}

/* A browser that is cut off is of no use but for what its page shows of the commit. */
static bool
needs_another_browser(const struct attempt *a)
{
    bool goes_on =
        a->phase == CLEAN || a->phase == SETTLE || (a->phase == STEPS && a->section != COMMIT);

    return *a->cut_off && goes_on && !a->ended && a->browser->id && !a->browser->useless;
}

static enum result
take_another_browser(struct attempt *a)
{
    a->stored = a->section == VERIFY;
    run_clear(a);
    json_object_clear(a->vars);
    return close_useless(a);
}

static enum erp_verdict
webdriver_step(void *session, struct erp_job *job, const struct erp_reply *reply,
               struct erp_outcome *outcome)
{
    struct attempt *a = job->state;
    struct wire_reply wire = {.kind = WIRE_CUT};
    const struct wire_reply *taken = NULL;
    enum result result;

    if (!a)
        job->state = a = attempt_new(session, job);
    if (reply) {
        wire_read(reply, &wire);
        taken = &wire;
        if (reply->cut_off && !*a->cut_off)
            run_cut_off(a, reply->cut_off);
    }
    do {
        if (needs_another_browser(a)) {
            take_another_browser(a);
            taken = NULL;
        }
        result = phases[a->phase](a, taken);
        taken = NULL;
    } while (result == AGAIN);
    wire_clear(&wire);
    leave_in_time(a);
    if (result == SENT)
        return ERP_SEND;
    *outcome = a->outcome;
    a->outcome = (struct erp_outcome){.reason_code = ""};
    return a->verdict;
}

static void
webdriver_job_free(void *session, struct erp_job *job)
{
    struct attempt *a = job->state;
    struct browser *b = session;

    if (!a)
        return;
    /* Given up in the middle, or through in a window that is not the main one. */
    b->dirty |= !a->ended || a->window;
    run_clear(a);
    json_decref(a->vars);
    json_decref(a->frames);
    json_decref(a->twins);
    free(a->window);
    found_clear(&a->found);
    erp_outcome_clear(&a->outcome);
    free(a);
    job->state = NULL;
}

static const char *
webdriver_session_note(void *session)
{
    return browser_note(session);
}

static void
webdriver_session_adopt(void *session, const char *note)
{
    browser_adopt(session, note);
}

static unsigned
webdriver_session_idle_s(void *session)
{
    const struct browser *b = session;

    return (unsigned)recipe_number(json_object_get(b->recipe, "browser"), "idle_s", RECIPE_IDLE_S);
}

static bool
webdriver_looks_in_worksheet(const json_t *erp)
{
    return recipe_looks_in_worksheet(json_object_get(erp, "$recipe"));
}

const struct erp_driver *
webdriver_driver(void)
{
    static const struct erp_driver driver = {.system = "webdriver",
                                             .max_in_flight = 1,
                                             .max_in_flight_limit = 1,
                                             .needs_credentials = true,
                                             .can_look_up = true,
                                             .one_session = true,
                                             .session_new = webdriver_session_new,
                                             .session_free = webdriver_session_free,
                                             .step = webdriver_step,
                                             .job_free = webdriver_job_free,
                                             .looks_in_worksheet = webdriver_looks_in_worksheet,
                                             .session_note = webdriver_session_note,
                                             .session_adopt = webdriver_session_adopt,
                                             .session_idle_s = webdriver_session_idle_s};

    return &driver;
}
