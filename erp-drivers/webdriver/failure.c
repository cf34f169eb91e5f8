/* Evaluates the error rules and checks the page's state; if neither explains the failure, the page
 * has changed, and a screenshot and its source are kept. */
#include "erp-drivers/webdriver/failure.h"

#include <stdio.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/reason.h"
#include "erp-drivers/webdriver/condition.h"
#include "erp-drivers/webdriver/page.h"
#include "erp-drivers/webdriver/report.h"

#define UNAVAILABLE 503

/* --- rules --- */

static enum result
ask_errors(struct attempt *a)
{
    a->entered = 0;
    return page_ask_plainly(a, "rules", json_pack("{s:o}", "rules", rules_for_page(a, false)));
}

/* The result of the rules; DONE: none holds. */
static enum result
take_errors(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *page_state = json_object_get(reply->value, "place");
    const json_t *rule = json_object_get(reply->value, "rule");
    json_int_t status = json_integer_value(json_object_get(page_state, "status"));

    if (rule)
        return rules_fail(a, json_integer_value(rule),
                          json_string_value(json_object_get(reply->value, "words")));
    if (json_is_true(json_object_get(page_state, "dead")))
        return attempt_fail(a, REASON_ERP_UNREACHABLE, "the browser cannot reach the ERP");
    if (status >= 500)
        return attempt_fail(a, status == UNAVAILABLE ? REASON_ERP_BUSY : REASON_ERP_FAILURE,
                            "the ERP answered with status %d", (int)status);
    return DONE;
}

enum result
failure_look(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply && a->stage == 0) {
        a->stage = 1;
        return attempt_send(a, "POST", "frame", json_pack("{s:n}", "id"));
    }
    if (reply->kind == WIRE_NO_WINDOW && a->window && a->stage == 1) {
        attempt_enter_window(a, NULL);
        return attempt_send(a, "POST", "window",
                            json_pack("{s:s}", "handle", a->browser->main_window));
    }
    if (reply->kind != WIRE_OK)
        return attempt_take_error(a, reply);
    json_array_clear(a->frames);
    if (a->stage++ == 1)
        return ask_errors(a);
    return take_errors(a, reply);
}

/* --- the end --- */

/* A person has to check: no further step could find out. */
static bool
is_unknown(const char *code)
{
    return strcmp(code, REASON_OUTCOME_UNKNOWN) == 0;
}

/* The final verdict, considering everything that happened before. */
static enum erp_verdict
verdict_of(struct attempt *a)
{
    const char *code = a->failure.code;
    bool changed = strcmp(code, REASON_UI_CHANGED) == 0;
    enum reason_action action;

    if (is_unknown(code))
        return ERP_REJECT;
    action = reason_find(code)->action;
    /* Retrying a refused password would lock the account. */
    if (action == REASON_REJECT && a->section == LOGIN && a->password_typed) {
        a->failure.code = REASON_AUTH_FAILED;
        return ERP_PARK;
    }
    /* A message after the commit does not prove that nothing was stored. */
    if (action == REASON_RETRY || action == REASON_WAIT || (changed && a->committed))
        return ERP_RETRY;
    return action == REASON_PARK ? ERP_PARK : ERP_REJECT;
}

/* Refused before a look-up whether an earlier request stored the line. */
static void
doubt(struct attempt *a)
{
    char message[sizeof a->failure.message];

    snprintf(message, sizeof message,
             "the line may be in the ERP, but the look-up was refused: %s: ", a->failure.code);
    text_copy(message + strlen(message), sizeof message - strlen(message), a->failure.message);
    text_copy(a->failure.message, sizeof a->failure.message, message);
    a->failure.code = REASON_OUTCOME_UNKNOWN;
}

static void
session_lost(struct attempt *a)
{
    a->browser->logged_in = false;
    a->browser->dirty = true;
    if (!a->committed && !a->renewed) {
        a->renewed = a->lost = true;
        return;
    }
    a->failure.code = REASON_ERP_FAILURE;
}

/* Where it failed, and why. A page that reports a refusal after the commit may be wrong, or
 * misread: the refusal counts only if a look-up then finds nothing. */
static void
conclude(struct attempt *a)
{
    char label[200], within[48] = "";
    bool changed = strcmp(a->failure.code, REASON_UI_CHANGED) == 0, refused;

    if (strcmp(a->failure.code, REASON_SESSION_LOST) == 0)
        session_lost(a);
    if (a->lost)
        return;
    a->verdict = verdict_of(a);
    refused = a->verdict == ERP_REJECT && !changed && !is_unknown(a->failure.code);
    if (refused && a->committed && a->section >= COMMIT) {
        a->refusal = a->failure;
        a->browser->dirty = true;
        return;
    }
    if (refused && a->section <= LOOKUP && attempt_in_doubt(a))
        doubt(a);
    attempt_label(a, label, sizeof label);
    if (changed && a->step.json && a->job->now_ms >= a->step.deadline_ms)
        snprintf(within, sizeof within, " within %lld s",
                 (long long)(a->step.deadline_ms - a->step.began_ms) / 1000);
    if (changed || a->verdict == ERP_RETRY)
        erp_end(&a->outcome, a->verdict, a->failure.code, "%s: %s%s%s%s", label, a->failure.message,
                within, *a->changed ? "; " : "", a->changed);
    else
        erp_end(&a->outcome, a->verdict, a->failure.code, "%s", a->failure.message);
    if (a->job->auth)
        secret_mask(a->outcome.reason_text, a->job->auth->password);
    a->ended = true;
    a->browser->dirty = true;
    if (a->committed || a->verdict == ERP_PARK ||
        strcmp(a->failure.code, REASON_BROWSER_FAILURE) == 0)
        a->browser->useless = true;
}

/* The author of a recipe has to see a page that is not as expected; in a dry run, every failure. */
static bool
wants_evidence(const struct attempt *a, const char *code)
{
    if (a->browser->tell)
        return strcmp(code, REASON_BROWSER_FAILURE) != 0;
    return strcmp(code, REASON_UI_CHANGED) == 0 || is_unknown(code);
}

/* --- from stage to stage --- */

enum { BEGIN, GO_HOME, GO_TO_MAIN, RULES, DISMISS, PICTURE, SOURCE };

static enum result
send_stage(struct attempt *a, int stage, const char *method, const char *command, json_t *body)
{
    a->failure_stage = stage;
    return attempt_send(a, method, command, body);
}

/* During a login there was no session yet: another try would send the password again. */
static bool
is_login_lost(const struct attempt *a)
{
    return a->section == LOGIN && strcmp(a->failure.code, REASON_SESSION_LOST) == 0;
}

/* No further information is available. */
static enum result
settle(struct attempt *a)
{
    bool evidence;

    if (*a->cut_off && (!a->failure.code || strcmp(a->failure.code, REASON_ERP_UNREACHABLE) == 0))
        attempt_fail(a, REASON_ERP_UNREACHABLE, "%s", a->cut_off);
    if (!a->failure.code || is_login_lost(a))
        a->failure.code = REASON_UI_CHANGED;
    evidence = wants_evidence(a, a->failure.code);
    conclude(a);
    if (!a->ended)
        return DONE;
    if (a->failure.dialog_open)
        return send_stage(a, DISMISS, "POST", "alert/dismiss", NULL);
    return evidence ? send_stage(a, PICTURE, "GET", "screenshot", NULL) : DONE;
}

static enum result
settle_dialog(struct attempt *a)
{
    rules_fail_by_dialog(a);
    return settle(a);
}

static enum result
begin(struct attempt *a)
{
    if (a->failure.code)
        return settle(a);
    if (a->failure.dialog_open)
        return settle_dialog(a);
    if (a->failure.window_closed)
        return send_stage(a, GO_TO_MAIN, "POST", "window",
                          json_pack("{s:s}", "handle", a->browser->main_window));
    return send_stage(a, GO_HOME, "POST", "frame", json_pack("{s:n}", "id"));
}

/* While waiting for the page's answer. */
static enum result
not_answered(struct attempt *a, const struct wire_reply *reply)
{
    char before[sizeof a->failure.message];

    if (reply->kind == WIRE_NO_WINDOW && a->failure_stage == GO_HOME)
        return send_stage(a, GO_TO_MAIN, "POST", "window",
                          json_pack("{s:s}", "handle", a->browser->main_window));
    text_copy(before, sizeof before, a->failure.message);
    attempt_take_error(a, reply);
    if (a->failure.dialog_open)
        return settle_dialog(a);
    if (!a->failure.code) /* it adds nothing new */
        attempt_fail(a, NULL, "%s", before);
    return settle(a);
}

static enum result
take_answer(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *page_state = json_object_get(reply->value, "place");

    if (take_errors(a, reply) == DONE && json_is_true(json_object_get(page_state, "loading")))
        a->failure.code = REASON_ERP_BUSY;
    return settle(a);
}

static enum result
evidence_next(struct attempt *a, const struct wire_reply *reply)
{
    bool wanted = wants_evidence(a, a->outcome.reason_code) ||
                  strcmp(a->outcome.reason_code, REASON_AUTH_FAILED) == 0;

    if (reply->kind == WIRE_CUT || reply->kind == WIRE_GONE) {
        a->browser->useless = true;
        return DONE;
    }
    if (a->failure_stage == DISMISS)
        return wanted ? send_stage(a, PICTURE, "GET", "screenshot", NULL) : DONE;
    if (a->failure_stage == PICTURE) {
        report_picture(a, reply->kind == WIRE_OK ? reply->value : NULL);
        a->failure_stage = SOURCE;
        return page_ask_plainly(a, "source", json_object());
    }
    report_source(a, reply->kind == WIRE_OK ? json_object_get(reply->value, "value") : NULL);
    return DONE;
}

enum result
failure_continue(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply) {
        a->failure_stage = BEGIN;
        return begin(a);
    }
    if (a->failure_stage >= DISMISS)
        return evidence_next(a, reply);
    if (reply->kind != WIRE_OK)
        return not_answered(a, reply);
    if (a->failure_stage == RULES)
        return take_answer(a, reply);
    a->failure_stage = RULES;
    return ask_errors(a);
}

/* --- the look-up's result --- */

void
failure_compare(struct attempt *a, const char *amount_code)
{
    a->ended = true;
    a->verdict =
        found_compare(&a->engine.found, a->job->order, amount_code, a->changed, &a->outcome);
}
