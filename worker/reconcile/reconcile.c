/* One order after the other, in the order of the queue. */
#include "worker/reconcile/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "worker/delivery/inquiry.h"
#include "worker/reconcile/findings.h"

#define SCAN_ORDERS 50
#define SCAN_PAUSE_MS 5
#define LATER_MS 1000 /* while orders are delivered, or the worker is not running */
#define TRIES_MAX 3   /* of one order whose look-up fails */

struct reconcile {
    struct reconcile_setup setup;
    json_t *job; /* as in the queue; NULL: none runs */
    struct order orders[SCAN_ORDERS];
    unsigned count, at;
    unsigned tries;
    struct inquiry *inquiry;
    struct event *timer;
};

static json_int_t
number(const json_t *job, const char *name)
{
    return json_integer_value(json_object_get(job, name));
}

static void
add(json_t *job, const char *name, json_int_t more)
{
    json_object_set_new(job, name, json_integer(number(job, name) + more));
}

static void
again(struct reconcile *r, int64_t pause_ms)
{
    struct timeval pause = clock_timeval(pause_ms);

    evtimer_add(r->timer, &pause);
}

/* --- recording --- */

static void
record(struct reconcile *r, const json_t *finding)
{
    struct err err;

    if (findings_put(r->setup.queue, r->job, finding, &err))
        log_warning("cannot record what the reconciliation has found: %s", err.text);
}

static void
finish(struct reconcile *r)
{
    char now[CLOCK_TEXT_BYTES];
    long long checked = number(r->job, "checked"), found = number(r->job, "found");

    clock_text(clock_wall_ms(), now);
    json_object_set_new(r->job, "ended_at", json_string(now));
    record(r, NULL);
    log_info("reconciliation: %lld order%s checked, %lld finding%s", checked, plural(checked),
             found, plural(found));
    json_decref(r->job);
    r->job = NULL;
}

static json_t *
finding_of(const struct order *order, const char *result, const struct erp_facts *facts,
           const char *text)
{
    struct order ordered;
    json_t *finding;

    order_for_erp(order, &ordered);
    finding = json_pack("{s:s s:s s:s s:s s:{s:s s:s s:s}}", "result", result, "uniqueid",
                        ordered.uniqueid, "erp_reference", ordered.erp_reference, "text", text,
                        "ordered", "worksheet", ordered.worksheet, "product_nr", ordered.product_nr,
                        "product_amount", ordered.product_amount);

    json_object_set_new(finding, "found",
                        facts->line == ERP_LINE_CHANGED ? erp_facts_found(facts) : json_null());
    return finding;
}

/* The order is done with. result NULL: there is nothing to say about it. */
static void
note(struct reconcile *r, const char *counter, const char *result, const struct erp_facts *facts,
     const char *text)
{
    const struct order *order = &r->orders[r->at++];
    bool kept = result && number(r->job, "found") < FINDINGS_MAX;
    json_t *finding = kept ? finding_of(order, result, facts, text) : NULL;

    r->tries = 0;
    add(r->job, "checked", 1);
    add(r->job, counter, 1);
    add(r->job, "found", kept);
    json_object_set_new(r->job, "cursor", json_integer((json_int_t)order->seq));
    record(r, finding);
    json_decref(finding);
    again(r, 60000 / r->setup.per_minute);
}

/* --- asking --- */

static void
on_answer(enum erp_verdict verdict, const struct erp_outcome *outcome,
          const struct erp_facts *facts, void *arg)
{
    struct reconcile *r = arg;
    bool busy = verdict == ERP_RETRY || verdict == ERP_PARK;
    const char *name = busy ? "unknown" : erp_line_name(facts->line);

    r->inquiry = NULL;
    if (busy && !delivery_rests(r->setup.delivery)) {
        again(r, LATER_MS); /* it has given way */
        return;
    }
    if (busy && ++r->tries < TRIES_MAX) {
        again(r, LATER_MS);
        return;
    }
    note(r, name, strcmp(name, "same") == 0 ? NULL : name, facts, outcome->reason_text);
}

/* What the line holds is what was ordered of the ERP. */
static void
ask(struct reconcile *r)
{
    struct order order;
    struct err err;

    order_for_erp(&r->orders[r->at], &order);
    order.commit_sent = false; /* nothing is on its way any more */
    r->inquiry = delivery_ask(r->setup.delivery, ERP_LOOK_UP, &order, on_answer, r, &err);
    if (!r->inquiry)
        again(r, LATER_MS);
}

/* --- going through the queue --- */

static void
take(const struct order *order, void *arg)
{
    struct reconcile *r = arg;

    json_object_set_new(r->job, "scanned", json_integer((json_int_t)order->seq));
    if (order->placed_ms >= number(r->job, "from_ms") &&
        order->placed_ms <= number(r->job, "to_ms"))
        r->orders[r->count++] = *order;
}

/* False: there are no more. */
static bool
scan(struct reconcile *r)
{
    struct queue_page page = {.statuses = 1u << ORDER_CREATED,
                              .after = (uint64_t)number(r->job, "scanned"),
                              .limit = SCAN_ORDERS,
                              .each = take,
                              .arg = r};
    uint64_t before = page.after;
    struct err err;

    r->count = r->at = 0;
    return queue_page(r->setup.queue, &page, &err) != 0 ||
           (uint64_t)number(r->job, "scanned") != before;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    static const struct erp_facts nothing = {.state = NULL};
    struct reconcile *r = arg;

    (void)fd;
    (void)what;
    if (!r->job || r->inquiry)
        return;
    if (!delivery_rests(r->setup.delivery)) {
        again(r, LATER_MS);
    } else if (r->at < r->count && r->orders[r->at].by_hand) {
        note(r, "by_hand", NULL, &nothing, "");
        again(r, 0);
    } else if (r->at < r->count) {
        ask(r);
    } else if (scan(r)) {
        again(r, SCAN_PAUSE_MS);
    } else {
        finish(r);
    }
}

/* --- the contract --- */

int
reconcile_start(struct reconcile *r, int64_t from_ms, int64_t to_ms, struct err *err)
{
    char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES], now[CLOCK_TEXT_BYTES];
    json_t *job;

    if (r->job)
        return 0;
    clock_text(from_ms, from);
    clock_text(to_ms, to);
    clock_text(clock_wall_ms(), now);
    job = json_pack("{s:s s:s s:s s:n s:I s:I s:i s:i s:i s:i s:i s:i s:i s:i s:i}", "from", from,
                    "to", to, "started_at", now, "ended_at", "from_ms", (json_int_t)from_ms,
                    "to_ms", (json_int_t)to_ms, "scanned", 0, "cursor", 0, "checked", 0, "same", 0,
                    "missing", 0, "changed", 0, "unknown", 0, "by_hand", 0, "found", 0);
    if (findings_put(r->setup.queue, job, NULL, err)) {
        json_decref(job);
        return -1;
    }
    r->job = job;
    r->count = r->at = r->tries = 0;
    again(r, 0);
    return 1;
}

const json_t *
reconcile_job(const struct reconcile *r)
{
    return r->job;
}

struct reconcile *
reconcile_new(const struct reconcile_setup *setup)
{
    struct reconcile *r = mem_alloc(sizeof *r);
    json_t *job = findings_job(setup->queue);

    r->setup = *setup;
    r->timer = loop_timer(setup->base, on_timer, r);
    if (job && json_is_null(json_object_get(job, "ended_at"))) {
        r->job = json_incref(job);
        json_object_set(r->job, "scanned", json_object_get(job, "cursor"));
        again(r, LATER_MS);
    }
    json_decref(job);
    return r;
}

void
reconcile_free(struct reconcile *r)
{
    if (!r)
        return;
    if (r->inquiry)
        inquiry_forget(r->inquiry);
    event_free(r->timer);
    json_decref(r->job);
    free(r);
}
