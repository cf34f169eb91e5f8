#include "worker/reports.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/ipc/chan.h"
#include "worker/queue/queue.h"

#define STATUS_SOON_MS 25             /* changes within this time are reported once */
#define STATUS_EVERY 6                /* ticks, even if nothing has changed */
#define ORDERS_AT_ONCE 50             /* in one message, which is short for the supervisor */
#define ORDERS_BACKLOG_MAX (1u << 20) /* unread by the supervisor: further ones are left out */
#define WHAT_BYTES 512

void
report_simple(struct channel *m, const char *type)
{
    json_t *message = json_pack("{s:s}", "type", type);

    chan_send(m->chan, message);
    json_decref(message);
}

/* What has happened to orders. The supervisor need not understand it to know how long it is. */
static void
say_orders(struct channel *m)
{
    json_t *message;

    if (!m->orders)
        return;
    message =
        json_pack("{s:s s:o s:b}", "type", "orders", "events", m->orders, "lost", m->orders_lost);
    m->orders = NULL;
    m->orders_lost = false;
    chan_send(m->chan, message);
    json_decref(message);
}

static void
on_order(const struct queue_event *event, void *arg)
{
    struct channel *m = arg;

    if (!m->watched)
        return;
    if (!m->orders)
        m->orders = json_array();
    if (chan_backlog(m->chan) > ORDERS_BACKLOG_MAX) {
        m->orders_lost = true;
        return;
    }
    json_array_append_new(m->orders, json_sprintf("%s %s %s", order_status_name(event->status),
                                                  *event->reason_code ? event->reason_code : "-",
                                                  event->uniqueid));
    if (json_array_size(m->orders) >= ORDERS_AT_ONCE)
        say_orders(m);
}

void
report_on_status(evutil_socket_t fd, short what, void *arg)
{
    struct channel *m = arg;
    char text[COUNTERS_TEXT_BYTES];
    struct counters counters;
    json_t *message;

    (void)fd;
    (void)what;
    m->status_soon = false;
    m->quiet = 0;
    if (worker_stopping(m->worker))
        return;
    say_orders(m);
    m->worker_told = worker_state(m->worker);
    worker_counters(m->worker, &counters);
    counters_text(&counters, text);
    message =
        json_pack("{s:s s:o s:s s:I s:b}", "type", "status", "alive", worker_alive(m->worker),
                  "counters", text, "attention_ms", (json_int_t)worker_newest_attention(m->worker),
                  "asleep", worker_asleep(m->worker));
    chan_send(m->chan, message);
    json_decref(message);
}

void
report_alive(struct channel *m)
{
    json_t *message =
        json_pack("{s:s s:b}", "type", "pong", "asleep", m->worker && worker_asleep(m->worker));

    chan_send(m->chan, message);
    json_decref(message);
}

/* A sign of life. While orders wait, their age changes. */
static void
on_tick(void *arg)
{
    struct channel *m = arg;

    if (worker_waiting(m->worker) || ++m->quiet == STATUS_EVERY)
        report_on_status(-1, 0, m);
    else
        report_alive(m);
}

void
report_maintained(struct channel *m)
{
    if (!worker_tidying(m->worker))
        event_base_loopbreak(m->base);
}

static void
on_changed(void *arg)
{
    struct channel *m = arg;
    struct timeval soon = clock_timeval(STATUS_SOON_MS);

    if (!m->worker || worker_stopping(m->worker))
        return;
    if (worker_idle(m->worker)) {
        report_maintained(m);
        return;
    }
    /* A person's command must outlive this process: the supervisor has it before that person has
     * the reply. */
    if (strcmp(m->worker_told, worker_state(m->worker)))
        report_on_status(-1, 0, m);
    else if (!m->status_soon) {
        m->status_soon = true;
        evtimer_add(m->status, &soon);
    }
}

static void
on_killed(void *arg)
{
    struct channel *m = arg;

    report_simple(m, "killed");
}

void
report_on_kill_browsers(void *arg)
{
    struct channel *m = arg;

    report_simple(m, "kill_browsers");
}

void
report_on_resolve(unsigned id, const char *name, void *arg)
{
    struct channel *m = arg;
    json_t *message =
        json_pack("{s:s s:I s:s}", "type", "resolve", "id", (json_int_t)id, "name", name);

    if (message)
        chan_send(m->chan, message);
    json_decref(message);
}

static void
on_token_used(const char *hash, int64_t at_ms, void *arg)
{
    struct channel *m = arg;
    json_t *message =
        json_pack("{s:s s:s s:I}", "type", "token_used", "hash", hash, "at", (json_int_t)at_ms);

    chan_send(m->chan, message);
    json_decref(message);
}

static void
on_audit(const struct call *call, int status, const char *body, size_t length, void *arg)
{
    struct channel *m = arg;
    char *what = mem_format("%s %.*s", call->method, WHAT_BYTES, call->path);
    json_t *message = json_pack("{s:s s:s s:s? s:s s:i s:o?}", "type", "audit", "who", call->by.who,
                                "address", call->address, "what", what, "status", status, "code",
                                problem_code(status, body, length));

    chan_send(m->chan, message);
    json_decref(message);
    free(what);
}

void
report_ready(struct channel *m)
{
    json_t *message = json_pack("{s:s s:b}", "type", "ready", "rekeyed", worker_rekeyed(m->worker));

    chan_send(m->chan, message);
    json_decref(message);
}

struct worker_events
report_events(struct channel *m)
{
    return (struct worker_events){.changed = on_changed,
                                  .tick = on_tick,
                                  .order = on_order,
                                  .killed = on_killed,
                                  .kill_browsers = report_on_kill_browsers,
                                  .token_used = on_token_used,
                                  .resolve = report_on_resolve,
                                  .audit = on_audit,
                                  .arg = m};
}
