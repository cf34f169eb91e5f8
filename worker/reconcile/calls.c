/* Bodies in, findings out. */
#include "worker/reconcile/calls.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/reconcile/findings.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000

/* Whether both times are there; otherwise it has replied. */
static bool
has_both(struct call *call, const json_t *body)
{
    bool from = json_is_string(json_object_get(body, "from")),
         to = json_is_string(json_object_get(body, "to"));

    if (!from && !to)
        call_problem(call, 400, "missing_fields", json_pack("[s s]", "from", "to"),
                     "from and to are missing");
    else if (!from || !to)
        call_problem(call, 400, "missing_fields", json_pack("[s]", from ? "to" : "from"),
                     "%s is missing", from ? "to" : "from");
    return from && to;
}

/* Reads a time of the body, or replies with the error. */
static bool
take_time(struct call *call, const json_t *body, const char *name,
          int (*parse)(const char *text, int64_t *at_ms), int64_t *at_ms)
{
    if (parse(json_string_value(json_object_get(body, name)), at_ms) == 0)
        return true;
    call_problem(call, 400, "invalid_fields", json_pack("[s]", name), "%s %s", name,
                 CLOCK_NOT_A_TIME);
    return false;
}

static bool
take_period(struct call *call, const json_t *body, int64_t *from_ms, int64_t *to_ms)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)body, name, value)
    {
        if (strcmp(name, "from") == 0 || strcmp(name, "to") == 0)
            continue;
        call_problem(call, 400, "invalid_fields", json_pack("[s]", name),
                     "the only members allowed in the body are from and to");
        return false;
    }
    if (!has_both(call, body) || !take_time(call, body, "from", clock_parse_from, from_ms) ||
        !take_time(call, body, "to", clock_parse_to, to_ms))
        return false;
    if (*from_ms <= *to_ms)
        return true;
    call_problem(call, 400, "invalid_fields", json_pack("[s s]", "from", "to"),
                 "from must not be later than to");
    return false;
}

static const char *const kinds[] = {"missing", "changed", "unknown"};

#define KINDS (sizeof kinds / sizeof *kinds)

/* Of all findings: a reply has a page of them, and not more are kept than FINDINGS_MAX. */
static json_t *
counts_of(const json_t *job)
{
    json_t *counts = json_object();

    for (size_t kind = 0; kind < KINDS; kind++)
        json_object_set(counts, kinds[kind], json_object_get(job, kinds[kind]));
    return counts;
}

static json_t *
state_of(const char *workshop, const json_t *job)
{
    static const char *const shown[] = {"from",    "to",   "started_at", "ended_at",
                                        "checked", "same", "by_hand"};
    const char *state = !job                                             ? "none"
                        : json_is_null(json_object_get(job, "ended_at")) ? "running"
                                                                         : "done";
    json_t *reply = json_pack("{s:s s:s}", "workshop", workshop, "state", state);

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        json_t *value = json_object_get(job, shown[i]);

        json_object_set_new(reply, shown[i], value ? json_incref(value) : json_null());
    }
    json_object_set_new(reply, "counts", job ? counts_of(job) : json_null());
    return reply;
}

/* Each finding under what it is. */
static void
add_findings(json_t *reply, const json_t *findings)
{
    const json_t *finding;
    size_t i;

    for (size_t kind = 0; kind < KINDS; kind++) {
        json_t *list = json_array();

        json_array_foreach(findings, i, finding)
        {
            if (strcmp(json_string_value(json_object_get(finding, "result")), kinds[kind]) == 0)
                json_array_append(list, (json_t *)finding);
        }
        json_object_set_new(reply, kinds[kind], list);
    }
}

/* Reads a number of the query, or replies with the error. */
static bool
take_number(struct call *call, const char *name, unsigned most, unsigned *number)
{
    if (call_query_number(call, name, 1, most, number) == 0)
        return true;
    call_problem(call, 400, "invalid_parameter", json_pack("[s]", name),
                 "%s must be a whole number from 1 to %u", name, most);
    return false;
}

void
reconcile_get(struct queue *queue, const char *workshop, struct call *call)
{
    unsigned limit = PAGE_DEFAULT, after = 0;
    json_t *job, *findings, *reply;
    bool more;

    if (!take_number(call, "limit", PAGE_MAX, &limit) ||
        !take_number(call, "after", FINDINGS_MAX, &after))
        return;
    job = findings_job(queue);
    findings = findings_read(queue, job, after, limit);
    reply = state_of(workshop, job);
    add_findings(reply, findings);
    more = json_integer_value(json_object_get(job, "found")) > (json_int_t)after + limit;
    json_object_set_new(reply, "next", more ? json_sprintf("%u", after + limit) : json_null());
    call_reply(call, 200, reply);
    json_decref(findings);
    json_decref(job);
}

static void
start(struct reconcile *reconcile, const char *workshop, struct call *call, int64_t from_ms,
      int64_t to_ms)
{
    struct err err;
    int started = reconcile_start(reconcile, from_ms, to_ms, &err);

    if (started > 0)
        call_reply(call, 202, state_of(workshop, reconcile_job(reconcile)));
    else if (started == 0)
        call_problem(call, 409, "running", NULL, "a reconciliation is running: GET /reconcile");
    else
        call_problem(call, 503, err.code, NULL, "%s", err.text);
}

void
reconcile_post(struct reconcile *reconcile, const char *workshop, struct call *call)
{
    json_t *body = call_object(call);
    int64_t from_ms, to_ms;

    if (body && take_period(call, body, &from_ms, &to_ms))
        start(reconcile, workshop, call, from_ms, to_ms);
    json_decref(body);
}
