/* The sections of an attempt: login, where there is none → look-up → created, or create → commit →
 * verify → created. A question: login → check, or look-up, and then it is answered. Where an
 * earlier request may still be at work, the line is looked up once more right before the commit. A
 * refusal after the commit → look-up → created, or refused. What a recipe says is run.c's; this
 * file says in which order. */
#include "erp-drivers/http/http.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/secret.h"
#include "common/order/reason.h"
#include "erp-drivers/engine/known.h"
#include "erp-drivers/http/attempt.h"
#include "erp-drivers/http/failure.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/run.h"
#include "erp-drivers/http/session.h"
#include "erp-drivers/http/verbs.h"

/* --- how it ends --- */

static void
end_with(struct attempt *a, enum erp_verdict verdict, const char *code, const char *words)
{
    a->verdict = erp_end(&a->outcome, verdict, code, "%s", words);
    a->ended = true;
}

static void
compare(struct attempt *a, const char *amount_code)
{
    a->verdict = found_compare(&a->engine.found, a->job->order, amount_code, "", &a->outcome);
    a->ended = true;
    if (a->verdict == ERP_CREATED)
        json_object_clear(a->session->seen);
}

/* Nothing has come of what create has begun. */
static void
take_back(struct attempt *a)
{
    if (a->touched && json_object_get(a->session->recipe, "undo"))
        http_attempt_section(a, UNDO);
}

static void
undo(struct attempt *a)
{
    if (!a->committed)
        take_back(a);
}

/* --- questions --- */

static bool
has_section(const struct attempt *a, const char *name)
{
    return json_object_get(a->session->recipe, name) != NULL;
}

static void
report_line(struct attempt *a)
{
    found_facts(&a->engine.found, a->job->order, a->job->facts);
    end_with(a, ERP_CREATED, NULL, "");
}

static void
answered(struct attempt *a)
{
    a->verdict = known_end(a->job, &a->outcome);
    a->ended = true;
}

/* To prove a login that is in each request, it asks for something that is not there. */
static void
try_login(struct attempt *a)
{
    if (has_section(a, "login") && has_section(a, "logout"))
        http_attempt_section(a, LOGOUT);
    else if (has_section(a, "login"))
        answered(a);
    else
        http_attempt_section(a, has_section(a, "check") ? CHECK : LOOKUP);
}

/* --- from section to section --- */

static void
logged_in(struct attempt *a)
{
    if (a->job->purpose == ERP_LOG_IN)
        try_login(a);
    else
        http_attempt_section(a, a->job->purpose == ERP_CHECK ? CHECK : LOOKUP);
}

static void
looked_up(struct attempt *a)
{
    if (!a->refusal.code && failpoint("mutant.no_look_up"))
        found_clear(&a->engine.found);
    if (a->job->purpose != ERP_PLACE) {
        report_line(a);
    } else if (a->engine.found.is) {
        compare(a, a->committed ? REASON_AMOUNT_REFUSED : REASON_ERP_REJECTED);
        undo(a);
    } else if (a->refusal.code) {
        end_with(a, ERP_REJECT, a->refusal.code, a->refusal.words);
        take_back(a);
    } else if (a->second_look) {
        json_decref(a->vars);
        a->vars = a->kept_vars;
        a->kept_vars = NULL;
        http_attempt_section(a, COMMIT);
    } else {
        http_attempt_section(a, CREATE);
    }
}

static void
look_again(struct attempt *a)
{
    a->second_look = true;
    json_decref(a->kept_vars);
    a->kept_vars = json_copy(a->vars);
    http_attempt_section(a, LOOKUP);
}

static void
verified(struct attempt *a)
{
    if (a->engine.found.is) {
        compare(a, REASON_AMOUNT_REFUSED);
    } else {
        a->verdict = found_nothing(a->job->order, &a->outcome);
        a->ended = true;
    }
}

/* A line that is not read back, on purpose. */
static void
no_read_back(struct attempt *a)
{
    erp_end(&a->outcome, ERP_CREATED, NULL, "%s", "");
    text_copy(a->outcome.reference, sizeof a->outcome.reference, a->job->order->uniqueid);
    a->verdict = ERP_CREATED;
    a->ended = true;
}

static void
section_done(struct attempt *a)
{
    switch (a->section) {
    case LOGIN:
        a->session->logged_in = true;
        a->session->number++;
        a->session->logging_in = NULL;
        logged_in(a);
        break;
    case LOGOUT:
        a->session->logged_in = false;
        answered(a);
        break;
    case CHECK:
        answered(a);
        break;
    case LOOKUP:
        looked_up(a);
        break;
    case CREATE:
        if (http_attempt_in_doubt(a))
            look_again(a);
        else
            http_attempt_section(a, COMMIT);
        break;
    case COMMIT:
        http_attempt_section(a, VERIFY);
        if (failpoint("mutant.no_read_back"))
            no_read_back(a);
        break;
    default:
        verified(a);
    }
}

/* --- an attempt --- */

/* Whether another job of the session must go first. */
static bool
must_wait(const struct attempt *a)
{
    const struct session *session = a->session;
    bool alone = a->job->purpose == ERP_PLACE &&
                 json_is_true(json_object_get(session->recipe, "one_at_a_time"));

    return (session->logging_in && session->logging_in != a) ||
           (alone && session->holder && session->holder != a);
}

static bool
is_logged_in(const struct attempt *a)
{
    const struct session *session = a->session;

    return session->logged_in && (!session->expires_ms || a->job->now_ms < session->expires_ms);
}

/* From nothing, or once more after the session was lost. */
static void
begin(struct attempt *a)
{
    struct session *session = a->session;

    a->begun = true;
    if (a->job->purpose == ERP_PLACE)
        session->holder = a;
    a->second_look = false;
    json_object_clear(a->vars);
    if (is_logged_in(a)) {
        logged_in(a);
        return;
    }
    session->logged_in = false;
    session->expires_ms = 0;
    http_session_clear_kept(session);
    session->logging_in = a;
    http_attempt_section(a, LOGIN);
}

static void
failed(struct attempt *a)
{
    if (a->session->logging_in == a)
        a->session->logging_in = NULL;
    if (known_proves_login(a->job, a->failure.code)) {
        answered(a);
        return;
    }
    switch (failure_conclude(a)) {
    case NEXT_LOG_IN:
        http_attempt_clear_steps(a);
        a->begun = false;
        break;
    case NEXT_LOOK_UP:
        a->second_look = false;
        http_attempt_section(a, LOOKUP);
        break;
    default:
        undo(a);
        if (a->section != UNDO)
            http_attempt_clear_steps(a);
    }
}

/* What follows a verdict is nothing but cleaning up. */
static enum erp_verdict
go(struct attempt *a, const struct erp_reply *reply)
{
    enum result result;

    for (;; reply = NULL) {
        if (a->ended && a->section != UNDO)
            return a->verdict;
        if (!a->begun && !a->ended) {
            if (must_wait(a))
                return ERP_WAIT;
            begin(a);
        }
        result = section_continue(a, reply);
        if (result == SENT)
            return ERP_SEND;
        if (a->ended)
            return a->verdict;
        if (result == DONE)
            section_done(a);
        else
            failed(a);
    }
}

/* Before anything is sent. false: it has ended. */
static bool
is_fit(struct attempt *a)
{
    char wrong[RECIPE_WRONG_BYTES];

    if (a->session->refused)
        end_with(a, ERP_PARK, REASON_AUTH_FAILED, a->session->refused);
    else if (!a->job->auth)
        end_with(a, ERP_PARK, REASON_AUTH_FAILED, "no credentials");
    else if (a->job->purpose == ERP_LOG_IN && recipe_stores(a->session->recipe))
        end_with(a, ERP_RETRY, REASON_ERP_FAILURE,
                 "not tried: a login would use up the token that the worker keeps");
    else if (known_asks_for_line(a->job) &&
             !recipe_id_fits(a->session->recipe, a->job->order->uniqueid, wrong))
        end_with(a, ERP_REJECT,
                 http_attempt_in_doubt(a) ? REASON_OUTCOME_UNKNOWN : REASON_ERP_REJECTED, wrong);
    return !a->ended;
}

static struct attempt *
attempt_begin(struct session *session, struct erp_job *job)
{
    struct attempt *a = http_attempt_new(session, job, &http_calls);

    /* What an earlier attempt has sent may still be under way in the ERP. */
    if (job->order->commit_sent)
        a->settled_ms =
            job->now_ms + 1000 * recipe_number(session->recipe, "settle_s", RECIPE_SETTLE_S);
    return a;
}

/* --- the end of a session --- */

/* A closing job. Whatever comes back, it is over. */
static enum erp_verdict
log_out(struct session *session, struct erp_job *job, const struct erp_reply *reply,
        struct erp_outcome *outcome)
{
    struct attempt *a = job->state;

    if (!a && http_session_may_log_out(session)) {
        job->state = a = http_attempt_new(session, job, &http_calls);
        http_attempt_section(a, LOGOUT);
    }
    if (a && section_continue(a, reply) == SENT)
        return ERP_SEND;
    session->logged_in = session->left_open = false;
    return erp_end(outcome, ERP_CREATED, NULL, "%s", "");
}

/* --- the contract --- */

static enum erp_verdict
http_step(void *session, struct erp_job *job, const struct erp_reply *reply,
          struct erp_outcome *outcome)
{
    struct attempt *a = job->state;
    enum erp_verdict verdict;

    if (!job->order)
        return log_out(session, job, reply, outcome);
    if (!a)
        job->state = a = attempt_begin(session, job);
    if (job->abandoned && !a->ended) {
        end_with(a, ERP_RETRY, REASON_ERP_BUSY, "abandoned");
        take_back(a);
    }
    if (!reply && !a->ended)
        is_fit(a);
    verdict = go(a, reply);
    if (verdict == ERP_SEND || verdict == ERP_WAIT)
        return verdict;
    *outcome = a->outcome;
    a->outcome = (struct erp_outcome){.reason_code = ""};
    return verdict;
}

static void
http_job_free(void *handle, struct erp_job *job)
{
    struct session *session = handle;
    struct attempt *a = job->state;

    if (!a)
        return;
    if (session->logging_in == a)
        session->logging_in = NULL;
    if (session->holder == a)
        session->holder = NULL;
    http_attempt_free(a);
    job->state = NULL;
}

const struct erp_driver *
http_driver(void)
{
    static const struct erp_driver driver = {.system = "http",
                                             .max_in_flight = 4,
                                             .needs_credentials = true,
                                             .can_look_up = true,
                                             .session_new = http_session_new,
                                             .session_free = http_session_free,
                                             .step = http_step,
                                             .job_free = http_job_free,
                                             .looks_in_worksheet = known_looks_in_worksheet,
                                             .can_check = known_can_check,
                                             .session_note = http_session_note,
                                             .session_adopt = http_session_adopt,
                                             .session_idle_s = http_session_idle_s,
                                             .session_memory = http_session_memory,
                                             .session_remember = http_session_remember};

    return &driver;
}
