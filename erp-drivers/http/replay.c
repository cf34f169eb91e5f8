/* The worker's part, with a clock that only waits move. */
#include "erp-drivers/http/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "erp-drivers/http/http.h"
#include "erp-drivers/http/reply.h"

#define URL "http://erp.example.com/"

struct replay {
    void *session;
    struct credentials auth;
    int64_t now_ms;
    char *difference;
    const char *url;
};

static bool differ(struct replay *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
differ(struct replay *r, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(r->difference, REPLAY_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

static const char *
text_of(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : otherwise;
}

/* --- requests --- */

static bool
check_text(struct replay *r, size_t i, const char *what, const char *wanted, const char *sent)
{
    if (strcmp(wanted, sent) == 0)
        return true;
    return differ(r, "exchange %zu, %s: expected %.600s, sent %.600s", i + 1, what, wanted, sent);
}

static bool
check_body(struct replay *r, size_t i, const json_t *wanted, const char *sent)
{
    json_t *value = json_loads(sent, JSON_DECODE_ANY, NULL);
    bool same = !wanted || (json_is_string(wanted) ? strcmp(json_string_value(wanted), sent) == 0
                                                   : json_equal(wanted, value));
    char *text = same ? NULL : json_dumps(wanted, JSON_COMPACT | JSON_ENCODE_ANY);

    json_decref(value);
    if (!same)
        check_text(r, i, "body", text ? text : "", sent);
    free(text);
    return same;
}

static bool
check_headers(struct replay *r, size_t i, const json_t *wanted, const struct erp_request *request)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)wanted, name, value)
    {
        char *line = mem_format("%s: %s", name, json_string_value(value));
        bool found = false;

        for (size_t k = 0; k < request->header_count; k++)
            found = found || strcmp(request->headers[k], line) == 0;
        if (!found)
            differ(r, "exchange %zu: the header %s was not sent", i + 1, line);
        free(line);
        if (!found)
            return false;
    }
    return true;
}

static bool
check_request(struct replay *r, size_t i, const json_t *wanted, const struct erp_request *request)
{
    size_t base = strlen(r->url) - (r->url[strlen(r->url) - 1] == '/');
    const char *path = strncmp(request->url, r->url, base) ? request->url : request->url + base;
    const json_t *commits = json_object_get(wanted, "commits"),
                 *delay = json_object_get(wanted, "delay_ms");

    if (!check_text(r, i, "method", text_of(wanted, "method", request->method), request->method) ||
        !check_text(r, i, "path", text_of(wanted, "path", path), path) ||
        !check_headers(r, i, json_object_get(wanted, "headers"), request) ||
        !check_body(r, i, json_object_get(wanted, "body"), request->body ? request->body : ""))
        return false;
    if (commits && json_is_true(commits) != request->commits)
        return differ(r, "exchange %zu: the request %s", i + 1,
                      request->commits ? "commits" : "does not commit");
    if (delay && json_integer_value(delay) != request->delay_ms)
        return differ(r, "exchange %zu: sent after %u ms", i + 1, request->delay_ms);
    return true;
}

/* --- replies --- */

/* The texts of one reply. */
struct answer {
    char *headers, *body;
};

static char *
headers_of(const json_t *headers)
{
    char *text = mem_string(""), *longer;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)headers, name, value)
    {
        longer = mem_format("%s%s: %s\r\n", text, name, json_string_value(value) ?: "");
        free(text);
        text = longer;
    }
    return text;
}

/* The worker leaves it to libcurl. */
static int64_t
retry_after_ms(char *headers)
{
    const struct reply reply = {.headers = headers};
    char value[8]; /* days */

    return reply_header(&reply, "Retry-After", value, sizeof value)
               ? 1000 * strtoll(value, NULL, 10)
               : 0;
}

static void
make_reply(const json_t *reply, struct answer *answer, struct erp_reply *made)
{
    const json_t *body = json_object_get(reply, "body"), *status = json_object_get(reply, "status");

    free(answer->headers);
    free(answer->body);
    answer->headers = headers_of(json_object_get(reply, "headers"));
    answer->body = !body || json_is_string(body)
                       ? mem_string(body ? json_string_value(body) : "")
                       : json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    *made = (struct erp_reply){.sent = true,
                               .retry_after_ms = retry_after_ms(answer->headers),
                               .complete = !json_object_get(reply, "lost"),
                               .status = status ? (int)json_integer_value(status) : 200,
                               .headers = answer->headers,
                               .body = answer->body,
                               .body_length = strlen(answer->body)};
}

/* --- an attempt --- */

static bool
check_end(struct replay *r, const json_t *ends, enum erp_verdict verdict,
          const struct erp_outcome *outcome)
{
    static const char *const names[] = {
        [ERP_SEND] = "send",   [ERP_WAIT] = "wait",     [ERP_CREATED] = "created",
        [ERP_RETRY] = "retry", [ERP_REJECT] = "reject", [ERP_PARK] = "park"};
    const char *code = outcome->reason_code ? outcome->reason_code : "";
    const json_t *after = json_object_get(ends, "retry_after_s");
    const char *before = text_of(ends, "stopped_before", NULL);

    if (before && verdict != ERP_SEND)
        return differ(r, "the recording stopped before %s, but the recipe ends with %s, %s: \"%s\"",
                      before, names[verdict], code, outcome->reason_text);
    if (after && (int64_t)(1000 * json_number_value(after)) != outcome->retry_after_ms)
        return differ(r, "it is tried again after %g s", (double)outcome->retry_after_ms / 1000);
    if (strcmp(text_of(ends, "verdict", names[verdict]), names[verdict]) ||
        strcmp(text_of(ends, "reason_code", code), code) ||
        strcmp(text_of(ends, "reason_text", outcome->reason_text), outcome->reason_text) ||
        strcmp(text_of(ends, "reference", outcome->reference), outcome->reference))
        return differ(r, "it ends with %s, %s: \"%s\", reference \"%s\"", names[verdict], code,
                      outcome->reason_text, outcome->reference);
    return true;
}

/* The members that are named. */
static bool
check_facts(struct replay *r, const json_t *wanted, const struct erp_job *job)
{
    json_t *found = erp_facts_json(job->facts, job->order), *value;
    const char *name;
    bool same = true;

    json_object_set_new(found, "line", json_string(erp_line_name(job->facts->line)));
    json_object_foreach((json_t *)wanted, name, value)
    {
        char *text = json_dumps(json_object_get(found, name), JSON_COMPACT | JSON_ENCODE_ANY);

        if (same && !json_equal(value, json_object_get(found, name)))
            same = differ(r, "it has found the %s %s", name, text ? text : "");
        free(text);
    }
    json_decref(found);
    return same;
}

static enum erp_purpose
purpose_of(const json_t *attempt)
{
    static const char *const names[] = {[ERP_PLACE] = "order",
                                        [ERP_CHECK] = "check",
                                        [ERP_LOOK_UP] = "look_up",
                                        [ERP_LOG_IN] = "log_in"};
    const char *name = text_of(attempt, "purpose", "order");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return (enum erp_purpose)i;
    return ERP_PLACE;
}

static void
take_order(const json_t *given, struct order *order)
{
    *order = (struct order){.status = ORDER_PROCESSING,
                            .commit_sent = json_is_true(json_object_get(given, "commit_sent"))};
    text_copy(order->uniqueid, sizeof order->uniqueid, text_of(given, "uniqueid", ""));
    text_copy(order->worksheet, sizeof order->worksheet, text_of(given, "worksheet", ""));
    text_copy(order->product_nr, sizeof order->product_nr, text_of(given, "product_nr", ""));
    text_copy(order->product_amount, sizeof order->product_amount,
              text_of(given, "product_amount", ""));
}

/* Whether the recording had stopped before this request. */
static bool
stopped_before(const json_t *attempt, const struct erp_request *request)
{
    const json_t *ends = json_object_get(attempt, "ends");
    const char *section = text_of(ends, "stopped_before", "");

    if (strcmp(section, "commit") == 0)
        return request->commits;
    return ends ? strcmp(section, request->what) == 0 : !request->commits;
}

static bool
has_no_reply(struct replay *r, size_t count, const struct erp_request *request)
{
    return differ(r,
                  "the dialogue ends after %zu exchanges, but the recipe then sends %s %s %.400s",
                  count, request->method, request->url, request->body ? request->body : "");
}

/* Whether all exchanges came; verdict: ERP_SEND where the recording ended before the attempt. */
static bool
go_through(struct replay *r, const json_t *attempt, struct erp_job *job,
           struct erp_outcome *outcome, enum erp_verdict *verdict)
{
    const struct erp_driver *driver = http_driver();
    const json_t *exchanges = json_object_get(attempt, "exchanges");
    struct answer answer = {NULL, NULL};
    struct erp_reply reply, *taken = NULL;
    bool same = true;
    size_t i = 0;

    for (;; taken = &reply, i++) {
        const json_t *exchange = json_array_get(exchanges, i);

        erp_request_clear(&job->request);
        job->now_ms = r->now_ms;
        *verdict = driver->step(r->session, job, taken, outcome);
        if (*verdict != ERP_SEND || (!exchange && stopped_before(attempt, &job->request)))
            break;
        if (!exchange)
            same = has_no_reply(r, i, &job->request);
        else
            same = check_request(r, i, json_object_get(exchange, "request"), &job->request);
        if (!same)
            break;
        r->now_ms += job->request.delay_ms;
        make_reply(json_object_get(exchange, "reply"), &answer, &reply);
    }
    free(answer.headers);
    free(answer.body);
    if (same && i < json_array_size(exchanges))
        same = differ(r, "it ends after %zu of %zu exchanges: %s: %s", i,
                      json_array_size(exchanges), outcome->reason_code ?: "", outcome->reason_text);
    return same;
}

static bool
replay_attempt(struct replay *r, const json_t *attempt)
{
    const struct erp_driver *driver = http_driver();
    struct erp_outcome outcome = {.reason_code = ""};
    struct erp_facts facts = {.state = NULL};
    struct order order;
    struct erp_job job = {.purpose = purpose_of(attempt),
                          .facts = &facts,
                          .workshop = "Bennys Auto",
                          .order = &order,
                          .auth = &r->auth};
    enum erp_verdict verdict;
    bool same;

    take_order(json_object_get(attempt, "order"), &order);
    same = go_through(r, attempt, &job, &outcome, &verdict) &&
           check_end(r, json_object_get(attempt, "ends"), verdict, &outcome) &&
           check_facts(r, json_object_get(json_object_get(attempt, "ends"), "facts"), &job);
    driver->job_free(r->session, &job);
    erp_request_clear(&job.request);
    erp_outcome_clear(&outcome);
    return same;
}

bool
http_replay(const json_t *recipe, const json_t *dialogue, char difference[REPLAY_BYTES])
{
    const json_t *attempts = json_object_get(dialogue, "attempts"), *attempt;
    const json_t *credentials = json_object_get(dialogue, "credentials");
    struct replay r = {.now_ms = 1000,
                       .difference = difference,
                       .url = text_of(dialogue, "url", URL),
                       .auth = {secret_string(text_of(credentials, "username", "bot")),
                                secret_string(text_of(credentials, "password", "secret-7351"))}};
    json_t *erp = json_pack("{s:s s:O s:O*}", "url", r.url, "$recipe", recipe, "options",
                            json_object_get(dialogue, "options"));
    bool same = true;
    size_t i;

    *difference = '\0';
    r.session = http_driver()->session_new(erp);
    if (!attempts)
        same = replay_attempt(&r, dialogue);
    json_array_foreach(attempts, i, attempt)
    {
        same = same && replay_attempt(&r, attempt);
    }
    http_driver()->session_free(r.session);
    credentials_clear(&r.auth);
    json_decref(erp);
    return same;
}
