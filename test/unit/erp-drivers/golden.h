/* Runs a driver against a golden file: one or more jobs of one session, the requests they must
 * send, the replies they get, and how each job ends.
 *
 *   about        what the file tests
 *   erp          the workshop's erp object
 *   credentials  {"username", "password"}; may be absent
 *   orders       one per job: uniqueid, worksheet, product_nr, product_amount, commit_sent, and
 *                purpose ("check", "look_up", "log_in"; default: the order itself); null: a closing
 *                job
 *   script       steps in order; "job" defaults to 0:
 *     {"send": {…}, "reply": {…}}   the job's step makes this request; its next step gets the reply
 *     "name" or {"use": "name"}     such a pair from _exchanges.json beside the golden files
 *     {"wait": true}                the job waits for another one
 *     {"end": {…}}                  the job ends; "facts": what it has found
 *     {"give_up": true}             the job is dropped half-way
 *
 * "body_has" instead of "body" lists JSON that the body must contain; objects may have more
 * members. The clock starts at 1000 ms and advances by each request's delay.
 *
 * A body is text as sent, or JSON, which is sent without spaces. Requests and ends are compared by
 * the members given; commits defaults to false. */
#ifndef TEST_GOLDEN_H
#define TEST_GOLDEN_H

#include "test/unit/erp-drivers/golden_jobs.h"

/* Invariants after every step of any driver and script. */
static inline void
golden_check_always(const struct golden *g, const struct golden_job *job, enum erp_verdict verdict,
                    const struct erp_outcome *outcome)
{
    const char *password = g->auth.password;
    const struct erp_request *request = &job->erp.request;
    bool login = request->what && strcmp(request->what, "login") == 0;
    json_t *text;

    if (verdict == ERP_WAIT)
        return;
    if (verdict == ERP_SEND) {
        assert_non_null(request->url);
        assert_non_null(request->what);
        assert_true(!request->body || strlen(request->body) == request->body_length);
        assert_true(login || !password || !request->body || !strstr(request->body, password));
        return;
    }
    assert_true(!password || !strstr(outcome->reason_text, password));
    assert_true(verdict == ERP_CREATED || outcome->reason_code);
    text = json_string(outcome->reason_text);
    assert_non_null(text);
    json_decref(text);
}

static inline enum erp_verdict
golden_step(struct golden *g, struct golden_job *job, struct erp_outcome *outcome)
{
    enum erp_verdict verdict;

    job->erp.now_ms += job->erp.request.delay_ms;
    erp_request_clear(&job->erp.request);
    memset(outcome, 0, sizeof *outcome);
    verdict = g->driver->step(g->session, &job->erp, job->replied ? &job->reply : NULL, outcome);
    job->replied = false;
    golden_check_always(g, job, verdict, outcome);
    return verdict;
}

static inline const char *
golden_kind(const struct erp_request *request)
{
    static const char *const kinds[] = {
        [ERP_FILE_READ] = "read", [ERP_FILE_WRITE] = "write", [ERP_FILE_RENAME] = "rename"};

    return request->kind == ERP_HTTP ? request->method : kinds[request->kind];
}

static inline void
golden_check_text(const json_t *expected, const char *name, const char *actual, size_t line)
{
    const json_t *member = json_object_get(expected, name);
    char *text;

    if (!member)
        return;
    text = json_is_null(member) ? mem_string("") : golden_body(member);
    if (strcmp(text, actual ? actual : ""))
        fail_msg("step %zu, %s:\n  expected %s\n  actual   %s", line, name, text, actual);
    free(text);
}

/* Whether whole contains all of part. */
static inline bool
golden_has(const json_t *whole, const json_t *part)
{
    const char *name;
    json_t *member;
    size_t i;

    if (json_is_array(part) && json_array_size(part) != json_array_size(whole))
        return false;
    json_array_foreach(part, i, member)
    {
        if (!golden_has(json_array_get(whole, i), member))
            return false;
    }
    json_object_foreach((json_t *)part, name, member)
    {
        if (!golden_has(json_object_get(whole, name), member))
            return false;
    }
    return json_is_array(part) || json_is_object(part) ? json_typeof(whole) == json_typeof(part)
                                                       : json_equal(whole, part);
}

static inline void
golden_check_has(const struct erp_request *request, const json_t *part, size_t line)
{
    json_t *whole = part && request->body ? json_loads(request->body, 0, NULL) : NULL;
    char *wanted;

    if (part && (!whole || !golden_has(whole, part))) {
        wanted = json_dumps(part, JSON_COMPACT | JSON_ENCODE_ANY);
        json_object_del(whole, "script");
        fail_msg("step %zu, body:\n  expected %s\n  actual   %s", line, wanted,
                 whole ? json_dumps(whole, JSON_COMPACT) : request->body);
    }
    json_decref(whole);
}

static inline void
golden_check_request(const struct erp_request *request, const json_t *send, size_t line)
{
    bool commits = json_is_true(json_object_get(send, "commits"));
    const json_t *header, *timeout = json_object_get(send, "timeout_ms");
    size_t i;

    golden_check_text(send, "what", request->what, line);
    golden_check_text(send, "method", golden_kind(request), line);
    golden_check_text(send, "url", request->url, line);
    golden_check_text(send, "target", request->target, line);
    golden_check_text(send, "body", request->body, line);
    golden_check_has(request, json_object_get(send, "body_has"), line);
    if (json_object_get(send, "delay_ms"))
        assert_int_equal(request->delay_ms, json_integer_value(json_object_get(send, "delay_ms")));
    if (commits != request->commits)
        fail_msg("step %zu: %s commits: %d", line, request->what, request->commits);
    if (timeout)
        assert_int_equal(request->timeout_ms, json_integer_value(timeout));
    json_array_foreach(json_object_get(send, "headers"), i, header)
    {
        assert_true(i < request->header_count);
        assert_string_equal(request->headers[i], json_string_value(header));
    }
}

static inline void
golden_check_end(enum erp_verdict verdict, const struct erp_outcome *outcome, const json_t *end,
                 size_t line)
{
    static const char *const names[] = {
        [ERP_SEND] = "send",   [ERP_WAIT] = "wait",     [ERP_CREATED] = "created",
        [ERP_RETRY] = "retry", [ERP_REJECT] = "reject", [ERP_PARK] = "park"};
    const json_t *retry_after = json_object_get(end, "retry_after_ms");

    if (strcmp(names[verdict], golden_text(end, "verdict")))
        fail_msg("step %zu: %s (%s: %s) instead of %s", line, names[verdict],
                 outcome->reason_code ? outcome->reason_code : "", outcome->reason_text,
                 golden_text(end, "verdict"));
    golden_check_text(end, "reason_code", outcome->reason_code, line);
    golden_check_text(end, "reason_text", outcome->reason_text, line);
    golden_check_text(end, "reference", outcome->reference, line);
    if (retry_after)
        assert_int_equal(outcome->retry_after_ms, json_integer_value(retry_after));
}

static inline void
golden_check_facts(const struct golden_job *job, const json_t *wanted, size_t line)
{
    json_t *found = erp_facts_json(&job->facts, &job->order);

    json_object_set_new(found, "line", json_string(erp_line_name(job->facts.line)));
    json_object_set_new(found, "found", erp_facts_found(&job->facts));
    if (wanted && !golden_has(found, wanted))
        fail_msg("step %zu, facts: %s", line, json_dumps(found, JSON_COMPACT));
    json_decref(found);
}

/* The exchange of one script entry. */
static inline const json_t *
golden_exchange(const struct golden *g, const json_t *entry)
{
    const char *name = json_string_value(entry);
    const json_t *exchange = entry;

    if (!name)
        name = json_string_value(json_object_get(entry, "use"));
    if (name)
        exchange = json_object_get(g->exchanges, name);
    if (!exchange)
        fail_msg("no exchange \"%s\"", name);
    return exchange;
}

static inline void
golden_play(struct golden *g, const json_t *entry, size_t line)
{
    struct golden_job *job = &g->jobs[json_integer_value(json_object_get(entry, "job"))];
    const json_t *exchange = golden_exchange(g, entry), *end = json_object_get(exchange, "end");
    const json_t *send = json_object_get(exchange, "send");
    struct erp_outcome outcome;
    enum erp_verdict verdict;

    if (json_object_get(entry, "give_up")) {
        golden_job_drop(g, job);
        return;
    }
    verdict = golden_step(g, job, &outcome);
    if (send && verdict != ERP_SEND)
        fail_msg("step %zu: no request: %s: %s", line, outcome.reason_code, outcome.reason_text);
    if (send) {
        golden_check_request(&job->erp.request, send, line);
        golden_reply_set(job, json_object_get(exchange, "reply"));
    } else if (end) {
        golden_check_end(verdict, &outcome, end, line);
        golden_check_facts(job, json_object_get(end, "facts"), line);
        erp_outcome_clear(&outcome);
        golden_job_drop(g, job);
    } else {
        assert_int_equal(verdict, ERP_WAIT);
    }
}

/* A cmocka test: *state is the golden file's name, "system/name.json". */
static inline void
golden_test(void **state)
{
    char *system = mem_string(*state), *name = strchr(system, '/');
    json_t *document, *exchanges, *entry;
    struct golden g;
    size_t i;

    *name++ = '\0';
    document = golden_load(system, name);
    exchanges = golden_load(system, "_exchanges.json");
    golden_open(&g, erp_driver_find(system), document, exchanges);
    json_array_foreach(json_object_get(document, "script"), i, entry)
    {
        golden_play(&g, entry, i);
    }
    golden_close(&g);
    json_decref(document);
    json_decref(exchanges);
    free(system);
}

static inline int
golden_is_test(const struct dirent *file)
{
    const char *end = strrchr(file->d_name, '.');

    return *file->d_name != '_' && end && strcmp(end, ".json") == 0;
}

/* Runs the given tests, and one test for each golden file of a driver. */
static inline int
golden_run(const char *system, const struct CMUnitTest *given, size_t given_count)
{
    struct CMUnitTest tests[GOLDEN_FILES_MAX];
    char *path = mem_format("%s/golden/%s", TEST_SOURCE_DIR, system);
    struct dirent **files;
    int found = scandir(path, &files, golden_is_test, alphasort), failed;

    if (found < 1 || (size_t)found + given_count > GOLDEN_FILES_MAX)
        die_abort("%s: %d golden files", path, found);
    secret_start();
    for (int i = 0; i < found; i++) {
        char *name = mem_format("%s/%s", system, files[i]->d_name);

        tests[i] = (struct CMUnitTest){name, golden_test, NULL, NULL, name};
        free(files[i]);
    }
    for (size_t i = 0; i < given_count; i++)
        tests[(size_t)found + i] = given[i];
    failed = _cmocka_run_group_tests(system, tests, (size_t)found + given_count, NULL, NULL);
    for (int i = 0; i < found; i++)
        free(tests[i].initial_state);
    free(files);
    free(path);
    return failed;
}

#endif
