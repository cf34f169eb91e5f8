/* The walk of an attempt: login, where there is none → look-up → created, or create → commit →
 * verify → created. Where an earlier request may still be at work, the line is looked up once more
 * right before the commit. A refusal after the commit → look-up → created, or refused. What a
 * recipe says is run.c's; this file says in which order. */
#include "erp-drivers/http/http.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/reason.h"
#include "erp-drivers/http/failure.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/run.h"
#include "erp-drivers/http/walk.h"
#include "erp-drivers/http/xml.h"

/* --- the session --- */

static bool
speaks_xml(const json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)value, name, member)
    {
        if (strcmp(name, "xpath") == 0 || strcmp(name, "xml") == 0 || speaks_xml(member))
            return true;
    }
    json_array_foreach(value, i, member)
    {
        if (speaks_xml(member))
            return true;
    }
    return false;
}

static void *
http_session_new(const json_t *erp)
{
    struct session *session = mem_alloc(sizeof *session);
    const char *url = json_string_value(json_object_get(erp, "url"));
    size_t length = strlen(url);

    while (length && url[length - 1] == '/')
        length--;
    session->recipe = json_object_get(erp, "$recipe");
    if (speaks_xml(session->recipe))
        xml_load();
    session->options = json_object_get(erp, "options");
    session->url = mem_format("%.*s", (int)length, url);
    session->kept = json_object();
    session->seen = json_object();
    session->timeout_ms =
        1000 * (unsigned)recipe_number(
                   erp, "timeout_s", recipe_number(session->recipe, "timeout_s", RECIPE_REQUEST_S));
    return session;
}

static void
http_session_free(void *handle)
{
    struct session *session = handle;

    json_decref(session->kept);
    json_decref(session->seen);
    free(session->url);
    free(session->refused);
    free(session);
}

/* --- how it ends --- */

static void
end_with(struct walk *a, enum erp_verdict verdict, const char *code, const char *words)
{
    a->verdict = erp_end(&a->outcome, verdict, code, "%s", words);
    a->ended = true;
}

static void
compare(struct walk *a, const char *amount_code)
{
    a->verdict = found_compare(&a->found, a->job->order, amount_code, "", &a->outcome);
    a->ended = true;
}

/* What create has begun is taken back where nothing has come of it. */
static void
undo(struct walk *a)
{
    if (a->touched && !a->committed && json_object_get(a->session->recipe, "undo"))
        walk_section(a, UNDO);
}

/* --- from section to section --- */

static void
looked_up(struct walk *a)
{
    if (a->found.is) {
        compare(a, a->committed ? REASON_AMOUNT_REFUSED : REASON_ERP_REJECTED);
        undo(a);
    } else if (a->refusal.code) {
        end_with(a, ERP_REJECT, a->refusal.code, a->refusal.words);
    } else if (a->second_look) {
        json_decref(a->vars);
        a->vars = a->kept_vars;
        a->kept_vars = NULL;
        walk_section(a, COMMIT);
    } else {
        walk_section(a, CREATE);
    }
}

static void
look_again(struct walk *a)
{
    a->second_look = true;
    json_decref(a->kept_vars);
    a->kept_vars = json_copy(a->vars);
    walk_section(a, LOOKUP);
}

static void
verified(struct walk *a)
{
    if (a->found.is)
        compare(a, REASON_AMOUNT_REFUSED);
    else
        end_with(a, ERP_REJECT, REASON_OUTCOME_UNKNOWN,
                 "the ERP accepted the line, but does not show it: not sending it again");
}

static void
section_done(struct walk *a)
{
    switch (a->section) {
    case LOGIN:
        a->session->logged_in = true;
        a->session->number++;
        a->session->logging_in = NULL;
        walk_section(a, LOOKUP);
        break;
    case LOOKUP:
        looked_up(a);
        break;
    case CREATE:
        if (walk_in_doubt(a))
            look_again(a);
        else
            walk_section(a, COMMIT);
        break;
    case COMMIT:
        walk_section(a, VERIFY);
        break;
    default:
        verified(a);
    }
}

/* --- the walk --- */

/* Whether another job of the session must go first. */
static bool
must_wait(const struct walk *a)
{
    const struct session *session = a->session;
    bool alone = json_is_true(json_object_get(session->recipe, "one_at_a_time"));

    return (session->logging_in && session->logging_in != a) ||
           (alone && session->holder && session->holder != a);
}

static bool
is_logged_in(const struct walk *a)
{
    const struct session *session = a->session;

    return session->logged_in && (!session->expires_ms || a->job->now_ms < session->expires_ms);
}

/* From nothing, or once more after the session was lost. */
static void
begin(struct walk *a)
{
    struct session *session = a->session;

    a->begun = true;
    session->holder = a;
    a->second_look = false;
    json_object_clear(a->vars);
    if (is_logged_in(a)) {
        walk_section(a, LOOKUP);
        return;
    }
    session->logged_in = false;
    session->expires_ms = 0;
    json_object_clear(session->kept);
    session->logging_in = a;
    walk_section(a, LOGIN);
}

static void
failed(struct walk *a)
{
    if (a->session->logging_in == a)
        a->session->logging_in = NULL;
    switch (failure_conclude(a)) {
    case NEXT_LOG_IN:
        walk_clear_steps(a);
        a->begun = false;
        break;
    case NEXT_LOOK_UP:
        a->second_look = false;
        walk_section(a, LOOKUP);
        break;
    default:
        undo(a);
        if (a->section != UNDO)
            walk_clear_steps(a);
    }
}

/* What follows a verdict is nothing but cleaning up. */
static enum erp_verdict
go(struct walk *a, const struct erp_reply *reply)
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
is_fit(struct walk *a)
{
    char wrong[RECIPE_WRONG_BYTES];

    if (a->session->refused)
        end_with(a, ERP_PARK, REASON_AUTH_FAILED, a->session->refused);
    else if (!a->job->auth)
        end_with(a, ERP_PARK, REASON_AUTH_FAILED, "no credentials");
    else if (!recipe_id_fits(a->session->recipe, a->job->order->uniqueid, wrong))
        end_with(a, ERP_REJECT, walk_in_doubt(a) ? REASON_OUTCOME_UNKNOWN : REASON_ERP_REJECTED,
                 wrong);
    return !a->ended;
}

static struct walk *
walk_begin(struct session *session, struct erp_job *job)
{
    struct walk *a = walk_new(session, job);

    /* What an earlier attempt has sent may still be under way in the ERP. */
    if (job->order->commit_sent)
        a->settled_ms =
            job->now_ms + 1000 * recipe_number(session->recipe, "settle_s", RECIPE_SETTLE_S);
    return a;
}

/* --- the contract --- */

static enum erp_verdict
http_step(void *session, struct erp_job *job, const struct erp_reply *reply,
          struct erp_outcome *outcome)
{
    struct walk *a = job->state;
    enum erp_verdict verdict;

    if (!a)
        job->state = a = walk_begin(session, job);
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
    struct walk *a = job->state;

    if (!a)
        return;
    if (session->logging_in == a)
        session->logging_in = NULL;
    if (session->holder == a)
        session->holder = NULL;
    walk_free(a);
    job->state = NULL;
}

static bool
http_looks_in_worksheet(const json_t *erp)
{
    return recipe_looks_in_worksheet(json_object_get(erp, "$recipe"));
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
                                             .looks_in_worksheet = http_looks_in_worksheet};

    return &driver;
}
