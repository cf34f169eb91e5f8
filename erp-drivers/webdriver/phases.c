/* The phases of an attempt: start a browser if there is none → login, if not logged in → lookup →
 * created, or create → commit → error rules → verify → created. A refusal after the commit → lookup
 * → created, or refused. A question: the same up to the login → check, or lookup. One browser
 * serves order after order. run.c runs the recipe's sections; this file determines their order. */
#include "erp-drivers/webdriver/phases.h"

#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
#include "erp-drivers/engine/known.h"
#include "erp-drivers/webdriver/failure.h"
#include "erp-drivers/webdriver/lifecycle.h"
#include "erp-drivers/webdriver/report.h"
#include "erp-drivers/webdriver/run.h"

#define LEAVE_MS 5000 /* for logging out: a closing job has to close the browser as well */

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
    attempt_section(a, section);
    return go_on(a, STEPS);
}

/* The browser must be closed; a new one is opened unless the outcome is final. */
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

/* Only cleaning up may follow. */
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

/* Logged in: what a question is about. An order that waits needs no more than the login. */
static enum result
ask(struct attempt *a)
{
    if (a->job->purpose == ERP_LOG_IN) {
        end_with(a, ERP_CREATED, NULL, "");
        return finish(a);
    }
    if (a->job->hurry) {
        end_with(a, ERP_RETRY, REASON_ERP_BUSY, "interrupted: an order needs the browser");
        return finish(a);
    }
    return go_to_section(a, a->job->purpose == ERP_CHECK ? CHECK : LOOKUP);
}

static enum result
first_section(struct attempt *a)
{
    if (!a->browser->logged_in) {
        a->password_typed = false;
        return go_to_section(a, LOGIN);
    }
    if (a->job->purpose != ERP_PLACE)
        return ask(a);
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
        return browser_may_run(b) ? log_out(a) : end_with(a, ERP_CREATED, NULL, "");
    if (known_asks_for_line(a->job) && !recipe_id_fits(b->recipe, a->job->order->uniqueid, wrong))
        return end_with(a, ERP_REJECT,
                        attempt_in_doubt(a) ? REASON_OUTCOME_UNKNOWN : REASON_ERP_REJECTED, wrong);
    a->settled_ms = a->job->now_ms + settle_ms(b);
    if (b->starting || (b->id && b->useless))
        return go_on(a, CLOSE);
    if (b->id && browser_is_due(b, a->job->now_ms))
        return log_out(a);
    if (!b->id)
        return go_on(a, OPEN);
    b->orders += a->job->purpose == ERP_PLACE;
    return b->dirty ? go_on(a, CLEAN) : first_section(a);
}

static enum result
on_open(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = lifecycle_start(a, reply);

    if (result == SENT)
        return SENT;
    if (result == DONE)
        return first_section(a);
    return browser_may_run(a->browser) ? go_on(a, CLOSE) : DONE;
}

static enum result
on_clean(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = lifecycle_clean(a, reply);

    if (result == SENT)
        return SENT;
    if (result == FAILED)
        return close_useless(a);
    return a->leaving ? log_out(a) : first_section(a);
}

static enum result
on_close(struct attempt *a, const struct wire_reply *reply)
{
    if (lifecycle_end(a, reply) == SENT)
        return SENT;
    a->leaving = false;
    if (!a->ended && !a->job->order)
        end_with(a, ERP_CREATED, NULL, "");
    attempt_enter_window(a, NULL);
    return a->ended ? DONE : go_on(a, OPEN);
}

/* --- the walk --- */

/* The request may still be in progress in the ERP: wait a little, or the look-up comes too early
 * and the line is created twice. */
static enum result
on_settle(struct attempt *a, const struct wire_reply *reply)
{
    int64_t rest = a->settled_ms - a->job->now_ms;

    if (!reply && rest > 0) {
        a->step.wait_ms = (unsigned)rest;
        return attempt_send(a, "GET", "window/handles", NULL);
    }
    if (reply && reply->kind != WIRE_OK) {
        attempt_take_error(a, reply);
        return go_on(a, FAILURE);
    }
    return go_to_section(a, LOOKUP);
}

static enum result
report_line(struct attempt *a)
{
    found_facts(&a->engine.found, a->job->order, a->job->facts);
    end_with(a, ERP_CREATED, NULL, "");
    return finish(a);
}

static enum result
answered(struct attempt *a)
{
    a->verdict = known_end(a->job, &a->outcome);
    a->ended = true;
    return finish(a);
}

static enum result
looked_up(struct attempt *a)
{
    if (a->job->purpose != ERP_PLACE)
        return report_line(a);
    if (!a->engine.found.is && !a->refusal.code)
        return go_to_section(a, CREATE);
    if (a->engine.found.is)
        failure_compare(a, a->committed ? REASON_AMOUNT_REFUSED : REASON_ERP_REJECTED);
    else
        end_with(a, ERP_REJECT, a->refusal.code, a->refusal.message);
    return finish(a);
}

static enum result
verified(struct attempt *a)
{
    if (a->engine.found.is) {
        failure_compare(a, REASON_AMOUNT_REFUSED);
    } else {
        a->verdict = found_nothing(a->job->order, &a->outcome);
        a->ended = true;
    }
    return finish(a);
}

static enum result
section_done(struct attempt *a)
{
    switch (a->section) {
    case LOGIN:
        a->browser->logged_in = true;
        return first_section(a);
    case CHECK:
        return answered(a);
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
            report_fails(a);
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

/* The ERP has confirmed that it stored the line: nothing is in progress. */
static bool
is_confirmed(const struct attempt *a)
{
    return a->section > COMMIT || (a->section == COMMIT && !a->engine.levels.count);
}

static enum result
on_failure(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        report_fails(a);
    if (failure_continue(a, reply) == SENT)
        return SENT;
    if (a->ended)
        return finish(a);
    if (a->lost)
        report_renews(a);
    a->lost = false;
    a->settled_ms = a->job->now_ms + (is_confirmed(a) ? 0 : settle_ms(a->browser));
    a->failure = (struct failure){.code = NULL};
    attempt_clear_steps(a);
    attempt_enter_window(a, NULL);
    json_object_clear(a->vars);
    return go_on(a, CLEAN);
}

static enum result (*const phases[])(struct attempt *, const struct wire_reply *) = {
    [PREPARE] = on_prepare, [OPEN] = on_open, [CLEAN] = on_clean,     [SETTLE] = on_settle,
    [STEPS] = on_steps,     [LOOK] = on_look, [FAILURE] = on_failure, [CLOSE] = on_close};

/* --- one turn --- */

/* A hanging browser is closed without logging out. */
static void
leave_in_time(struct attempt *a)
{
    struct erp_request *request = &a->job->request;
    int64_t left_ms = a->leave_by_ms - a->job->now_ms;

    if (a->leaving && a->phase != CLOSE && request->timeout_ms > left_ms)
        request->timeout_ms = left_ms > 1 ? (unsigned)left_ms : 1;
}

/* A browser that is cut off is only useful for what its page shows of the commit. */
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
    attempt_clear_steps(a);
    json_object_clear(a->vars);
    return close_useless(a);
}

/* An order is waiting. It starts on a blank page. */
static bool
gives_way(struct attempt *a)
{
    bool asks = a->phase == STEPS && (a->section == CHECK || a->section == LOOKUP);

    if (!a->job->hurry || a->job->purpose == ERP_PLACE || !asks || a->ended)
        return false;
    attempt_clear_steps(a);
    a->browser->dirty = true;
    end_with(a, ERP_RETRY, REASON_ERP_BUSY, "interrupted: an order needs the browser");
    return true;
}

enum result
phases_run(struct attempt *a, const struct wire_reply *reply)
{
    const struct wire_reply *taken = reply;
    enum result result;

    do {
        if (needs_another_browser(a)) {
            take_another_browser(a);
            taken = NULL;
        }
        result = gives_way(a) ? finish(a) : phases[a->phase](a, taken);
        taken = NULL;
    } while (result == AGAIN);
    leave_in_time(a);
    return result;
}
