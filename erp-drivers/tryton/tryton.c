/* Tryton by its JSON-RPC: the session, and an attempt's way through its steps.
 *
 * One login serves all jobs of a session; while one job logs in the others wait. A refused login
 * ends every job of the session without another request, so that we never lock the account. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/reason.h"
#include "erp-drivers/tryton/rpc.h"
#include "erp-drivers/tryton/steps.h"
#include "erp-drivers/tryton/tryton.h"

/* After failures a login takes up to 31 s, a write waits 30 s for a lock: a request that is given
 * up earlier may still take effect. */
#define TIMEOUT_S 45
#define UNAUTHORIZED 401
#define KEY_BYTES_MAX 1024 /* it is part of each request's headers; Tryton's keys have 64 bytes */
#define BASE64 sodium_base64_VARIANT_ORIGINAL

struct tryton_session {
    const char *language;
    char *url;
    char *context; /* members of the context object; may be empty */
    unsigned timeout_ms;
    char *key;           /* for the Authorization header, guarded; NULL: not logged in */
    uint64_t key_number; /* distinguishes keys */
    const struct tryton_attempt *logging_in;
    char *refused; /* the ERP's message; NULL: not refused */
};

struct tryton_attempt {
    struct tryton_line line;
    uint64_t key_number; /* of the key that the current call uses */
    bool renewed;
};

/* --- the session --- */

static void *
tryton_session_new(const json_t *erp)
{
    struct tryton_session *session = mem_alloc(sizeof *session);
    const char *url = json_string_value(json_object_get(erp, "url"));
    const char *language = json_string_value(json_object_get(erp, "language"));
    json_int_t company = json_integer_value(json_object_get(erp, "company"));
    json_int_t timeout_s = json_integer_value(json_object_get(erp, "timeout_s"));

    session->url = mem_format("%s%s", url, url[strlen(url) - 1] == '/' ? "" : "/");
    session->language = language ? language : "en";
    session->context =
        company ? mem_format("\"company\":%" JSON_INTEGER_FORMAT, company) : mem_string("");
    session->timeout_ms = 1000 * (unsigned)(timeout_s ? timeout_s : TIMEOUT_S);
    return session;
}

static void
drop_key(struct tryton_session *session)
{
    secret_free(session->key);
    session->key = NULL;
}

static void
tryton_session_free(void *handle)
{
    struct tryton_session *session = handle;

    drop_key(session);
    free(session->url);
    free(session->context);
    free(session->refused);
    free(session);
}

/* --- the login --- */

static enum erp_verdict
login_send(struct tryton_session *session, struct tryton_attempt *attempt, struct erp_job *job,
           struct erp_outcome *outcome)
{
    json_t *params = json_pack("[s {s:s} s]", job->auth->username, "password", job->auth->password,
                               session->language);

    if (!params)
        return erp_end(outcome, ERP_PARK, REASON_AUTH_FAILED,
                       "the credentials are not valid UTF-8");
    session->logging_in = attempt;
    tryton_rpc_call(&job->request, session->url, "common.db.login", tryton_rpc_dump(params));
    json_decref(params);
    job->request.what = "login";
    job->request.secret = true;
    job->request.timeout_ms = session->timeout_ms;
    return ERP_SEND;
}

/* "user:uid:key" in base64. */
static void
keep_key(struct tryton_session *session, const char *username, json_int_t user, const char *key)
{
    char *plain = mem_format("%s:%" JSON_INTEGER_FORMAT ":%s", username, user, key);
    size_t length = strlen(plain), size = sodium_base64_encoded_len(length, BASE64);

    drop_key(session);
    session->key = secret_alloc(size);
    session->key_number++;
    sodium_bin2base64(session->key, size, (unsigned char *)plain, length, BASE64);
    secret_wipe(plain, length);
    free(plain);
}

static enum erp_verdict
login_refused(struct tryton_session *session, struct erp_outcome *outcome, const char *message)
{
    char *text = mem_string(message);

    free(session->refused);
    session->refused = text;
    return erp_end(outcome, ERP_PARK, REASON_AUTH_FAILED, "%s", text);
}

static enum erp_verdict
login_result(struct tryton_session *session, const struct erp_job *job, const json_t *result,
             struct erp_outcome *outcome)
{
    const json_t *user = json_array_get(result, 0);
    const char *key = json_string_value(json_array_get(result, 1));

    if (json_is_null(result))
        return login_refused(session, outcome, "login: the ERP refuses the credentials");
    if (!json_is_integer(user) || !key || strlen(key) > KEY_BYTES_MAX)
        return tryton_rpc_nonsense(outcome, "login");
    keep_key(session, job->auth->username, json_integer_value(user), key);
    return ERP_SEND;
}

static enum erp_verdict
login_take(struct tryton_session *session, const struct erp_job *job, const struct erp_reply *reply,
           struct erp_outcome *outcome)
{
    json_t *result = NULL;
    enum erp_verdict verdict =
        tryton_rpc_result(reply, "login", job->auth->password, &result, outcome);

    session->logging_in = NULL;
    if (reply->complete && reply->status == UNAUTHORIZED)
        verdict = ERP_PARK;
    if (verdict == ERP_PARK)
        return login_refused(session, outcome, outcome->reason_text);
    if (verdict == ERP_SEND)
        verdict = login_result(session, job, result, outcome);
    json_decref(result);
    return verdict;
}

/* --- the calls --- */

static enum erp_verdict
call_send(struct tryton_session *session, struct tryton_attempt *attempt, struct erp_job *job)
{
    const struct tryton_step *step = tryton_step_due(&attempt->line);

    tryton_rpc_call(&job->request, session->url, step->method,
                    step->params(&attempt->line, session->context));
    erp_request_header(&job->request, "Authorization: Session %s", session->key);
    job->request.what = step->what;
    job->request.commits = step->commits;
    job->request.timeout_ms = session->timeout_ms;
    attempt->key_number = session->key_number;
    return ERP_SEND;
}

/* The ERP does nothing for an unknown key, so all steps can start again with a new one. */
static enum erp_verdict
key_refused(struct tryton_session *session, struct tryton_attempt *attempt,
            struct erp_outcome *outcome)
{
    if (session->key_number == attempt->key_number)
        drop_key(session);
    if (attempt->renewed)
        return erp_end(outcome, ERP_RETRY, REASON_ERP_FAILURE,
                       "%s: the ERP refuses the session immediately after login",
                       tryton_step_due(&attempt->line)->what);
    attempt->renewed = true;
    tryton_line_reset(&attempt->line);
    return ERP_SEND;
}

static enum erp_verdict
call_take(struct tryton_session *session, struct tryton_attempt *attempt, const struct erp_job *job,
          const struct erp_reply *reply, struct erp_outcome *outcome)
{
    json_t *result = NULL;
    enum erp_verdict verdict;

    if (reply->complete && reply->status == UNAUTHORIZED)
        return key_refused(session, attempt, outcome);
    verdict = tryton_rpc_result(reply, tryton_step_due(&attempt->line)->what, job->auth->password,
                                &result, outcome);
    if (verdict == ERP_SEND)
        verdict = tryton_step_take(&attempt->line, result, outcome);
    json_decref(result);
    return verdict;
}

/* --- the contract --- */

static enum erp_verdict
send_next(struct tryton_session *session, struct erp_job *job, struct erp_outcome *outcome)
{
    struct tryton_attempt *attempt = job->state;

    if (session->refused)
        return erp_end(outcome, ERP_PARK, REASON_AUTH_FAILED, "%s", session->refused);
    if (session->key)
        return call_send(session, attempt, job);
    return session->logging_in ? ERP_WAIT : login_send(session, attempt, job, outcome);
}

static enum erp_verdict
tryton_step(void *handle, struct erp_job *job, const struct erp_reply *reply,
            struct erp_outcome *outcome)
{
    struct tryton_session *session = handle;
    enum erp_verdict verdict = ERP_SEND;
    struct tryton_attempt *attempt = job->state;

    if (!job->auth || !job->auth->username || !job->auth->password)
        return erp_end(outcome, ERP_PARK, REASON_AUTH_FAILED, "no credentials");
    if (!attempt) {
        job->state = attempt = mem_alloc(sizeof *attempt);
        attempt->line.order = job->order;
    }
    if (reply && session->logging_in == attempt)
        verdict = login_take(session, job, reply, outcome);
    else if (reply)
        verdict = call_take(session, attempt, job, reply, outcome);
    if (verdict == ERP_SEND)
        verdict = send_next(session, job, outcome);
    if (verdict != ERP_SEND && verdict != ERP_WAIT)
        secret_mask(outcome->reason_text, job->auth->password);
    return verdict;
}

static void
tryton_job_free(void *handle, struct erp_job *job)
{
    struct tryton_session *session = handle;
    struct tryton_attempt *attempt = job->state;

    if (!attempt)
        return;
    if (session->logging_in == attempt)
        session->logging_in = NULL;
    tryton_line_reset(&attempt->line);
    free(attempt);
    job->state = NULL;
}

const struct erp_driver *
tryton_driver(void)
{
    static const struct erp_driver driver = {.system = "tryton",
                                             .max_in_flight = 4,
                                             .needs_credentials = true,
                                             .can_look_up = true,
                                             .session_new = tryton_session_new,
                                             .session_free = tryton_session_free,
                                             .step = tryton_step,
                                             .job_free = tryton_job_free};

    return &driver;
}
