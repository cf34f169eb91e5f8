/* Assembles the parts, and frees them in order. */
#include "worker/worker.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/http/server.h"
#include "common/sandbox/sandbox.h"
#include "worker/api/api.h"
#include "worker/callback/callbacks.h"
#include "worker/find/find.h"
#include "worker/io/files.h"
#include "worker/io/http.h"
#include "worker/io/names.h"
#include "worker/queue/queue.h"
#include "worker/reconcile/reconcile.h"
#include "worker/setup.h"
#include "worker/upkeep.h"

#define BROKEN_MS 1000 /* for pending replies */

/* --- the end --- */

static void
on_changed(void *arg)
{
    struct worker *w = arg;

    if (w->server && queue_broken(w->queue) && !w->drain.stop_by_ms) {
        log_error("the queue is broken: restarting to check and reopen it");
        drain_start(&w->drain, BROKEN_MS);
    }
    callbacks_wake(w->callbacks);
    upkeep_wake(w);
    w->events.changed(w->events.arg);
}

void
worker_stop(struct worker *w)
{
    log_info("stopping: %u order%s in flight", delivery_in_hand(w->delivery),
             plural(delivery_in_hand(w->delivery)));
    drain_start(&w->drain, w->workshop->stop_timeout_s * 1000LL);
}

static void
on_first_connection(void *arg)
{
    upkeep_wake(arg);
}

static void
on_kill(void *arg)
{
    struct worker *w = arg;

    w->events.killed(w->events.arg);
    drain_kill(&w->drain);
}

static void
on_token_used(const char *hash, int64_t at_ms, void *arg)
{
    const struct worker *w = arg;

    if (w->events.token_used)
        w->events.token_used(hash, at_ms, w->events.arg);
}

/* A kill does not wait for the orders in progress: the queue knows the state of each. */
static void
on_killed(void *arg)
{
    struct worker *w = arg;

    drain_killed(&w->drain);
}

static void
on_order(const struct queue_event *event, void *arg)
{
    struct worker *w = arg;

    if (event->duration_ms >= 0)
        counters_attempt(&w->counters, event->duration_ms);
    if (event->status == ORDER_ERROR)
        counters_error(&w->counters, event->reason_code);
    if (event->status == ORDER_CREATED) {
        w->counters.created++;
        w->counters.last_success_ms = (uint64_t)clock_wall_ms();
    }
    if (w->events.order)
        w->events.order(event, w->events.arg);
}

void
worker_counters(const struct worker *w, struct counters *counters)
{
    struct callbacks_counts callbacks = callbacks_counts(w->callbacks);

    *counters = w->counters;
    counters->callbacks_accepted = callbacks.accepted;
    counters->callbacks_failed = callbacks.failed;
    counters->callbacks_given_up = callbacks.given_up;
    counters->callbacks_waiting = queue_callbacks_waiting(w->queue);
}

static void
on_audit(const struct call *call, int status, const char *body, size_t length, void *arg)
{
    const struct worker *w = arg;

    w->events.audit(call, status, body, length, w->events.arg);
}

/* --- the beginning --- */

static void
start_delivery(struct worker *w)
{
    struct delivery_setup setup;

    queue_set_rules(w->queue, &w->workshop->rules);
    setup_io(w);
    setup = setup_delivery(w);
    setup.closing_ms = DELIVERY_CLOSING_MS;
    setup.storage_pause_ms = DELIVERY_STORAGE_PAUSE_MS;
    setup.changed = on_changed;
    setup.arg = w;
    w->delivery = delivery_new(&setup);
    delivery_tidy(w->delivery);
}

/* Of their own: a receiver that hangs costs the delivery neither a connection nor a turn. */
static void
start_callbacks(struct worker *w)
{
    queue_call_back(w->queue, w->workshop->callback_url ? w->workshop->name : NULL);
    if (!w->callback_secret)
        return;
    w->callback_http = http_new(w->base, NULL, NULL);
    http_use_names(w->callback_http, w->names);
    http_limit_reply(w->callback_http, CALLBACKS_REPLY_BYTES_MAX);
    w->callbacks =
        callbacks_new(&(struct callbacks_setup){.base = w->base,
                                                .queue = w->queue,
                                                .http = w->callback_http,
                                                .url = w->workshop->callback_url,
                                                .secret = w->callback_secret,
                                                .give_up_ms = w->workshop->callback_give_up_ms});
    secret_free(w->callback_secret);
    w->callback_secret = NULL;
}

static void
start_parts(struct worker *w, const json_t *slice, int listen_fd)
{
    static const struct upkeep_events upkeep_events = {on_changed, worker_stop};

    start_callbacks(w);
    queue_observe(w->queue, on_order, w);
    w->reconcile =
        reconcile_new(&(struct reconcile_setup){.base = w->base,
                                                .queue = w->queue,
                                                .delivery = w->delivery,
                                                .per_minute = w->workshop->reconcile_per_minute});
    w->api = api_new(&(struct api_setup){
        .base = w->base,
        .needs_credentials = w->driver->needs_credentials && !w->workshop->has_credentials,
        .looks_in_worksheet =
            w->driver->looks_in_worksheet && w->driver->looks_in_worksheet(w->erp),
        .queue = w->queue,
        .delivery = w->delivery,
        .reconcile = w->reconcile,
        .workshop = w->workshop,
        .changed = on_changed,
        .token_used = on_token_used,
        .kill = on_kill,
        .killed = on_killed,
        .audit = w->events.audit ? on_audit : NULL,
        .arg = w});
    w->server = http_server_new(w->base, listen_fd, true, &w->workshop->http, api_handle, w->api);
    http_server_on_first(w->server, on_first_connection, w);
    w->drain = (struct drain){.base = w->base,
                              .queue = w->queue,
                              .delivery = w->delivery,
                              .api = w->api,
                              .server = w->server};
    drain_open(&w->drain);
    upkeep_start(w, &upkeep_events);
    api_boot(w->api, setup_text(slice, "worker"));
    log_info("serving %s:%u, ERP system %s, %u order%s in the queue", w->workshop->host,
             w->workshop->port, w->workshop->erp_system, queue_length(w->queue),
             plural(queue_length(w->queue)));
}

/* Only the API, without a port: it answers what the queue alone tells. */
static void
start_reading(struct worker *w)
{
    w->api = api_new(&(struct api_setup){.base = w->base,
                                         .queue = w->queue,
                                         .workshop = w->workshop,
                                         .changed = on_changed,
                                         .arg = w});
}

struct worker *
worker_start(struct event_base *base, const json_t *slice, int listen_fd,
             const struct worker_events *events, struct err *err)
{
    struct worker *w = mem_alloc(sizeof *w);

    w->base = base;
    w->events = *events;
    w->allowlist = ALLOWLIST_NOTHING;
    if (setup_load(w, slice, err))
        goto failed;
    failpoint_open(setup_text(slice, "state_dir"), w->workshop->slug);
    log_open(w->workshop->name);
    failpoint_here("worker.open");
    if (setup_shut_in(w, slice, err) || setup_open_queue(w, err))
        goto failed;
    if (!setup_is_maintenance(slice) && setup_erp(w, err))
        goto failed;
    if (setup_reads(slice)) {
        start_reading(w);
        return w;
    }
    start_delivery(w);
    malloc_trim(0); /* an idle process keeps none of what starting took */
    if (setup_is_maintenance(slice))
        log_info("maintenance: %u order%s in the queue", queue_length(w->queue),
                 plural(queue_length(w->queue)));
    else
        start_parts(w, slice, listen_fd);
    return w;
failed:
    worker_free(w);
    return NULL;
}

int
worker_exit_status(const struct err *err)
{
    static const char *const lasting[] = {"config", "credentials", "sandbox", "format"};

    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
        if (strcmp(err->code, lasting[i]) == 0)
            return EX_CONFIG;
    return strcmp(err->code, "in_use") == 0 ? EX_TEMPFAIL : EX_IOERR;
}

void
worker_call(struct worker *worker, struct call *call)
{
    api_handle(call, worker->api);
}

void
worker_browsers_killed(struct worker *worker, unsigned ended)
{
    browser_killer_answer(worker->browser_killer, ended);
}

void
worker_resolved(struct worker *worker, const json_t *message)
{
    if (worker->names)
        names_answered(worker->names, message);
}

void
worker_set_tokens(struct worker *worker, const json_t *tokens)
{
    api_set_tokens(worker->api, tokens);
}

void
worker_tell_uses(const struct worker *worker)
{
    api_tell_uses(worker->api);
}

bool
worker_broken(const struct worker *worker)
{
    return queue_broken(worker->queue);
}

bool
worker_stopping(const struct worker *worker)
{
    return worker->drain.stop_by_ms != 0;
}

bool
worker_asleep(const struct worker *worker)
{
    return worker->asleep;
}

bool
worker_outdated(const struct worker *worker)
{
    return worker->outdated;
}

bool
worker_idle(const struct worker *worker)
{
    return !worker->server;
}

bool
worker_reads(const struct worker *worker)
{
    return worker->api && !worker->server;
}

bool
worker_tidying(const struct worker *worker)
{
    return worker->delivery && delivery_closing(worker->delivery) != 0;
}

bool
worker_leaves_open(const struct worker *worker)
{
    json_t *notes = queue_session_notes(worker->queue);
    bool any = json_array_size(notes) != 0;

    json_decref(notes);
    return any;
}

bool
worker_rekeyed(const struct worker *worker)
{
    return worker->rekeyed;
}

unsigned
worker_waiting(const struct worker *worker)
{
    return queue_length(worker->queue);
}

const char *
worker_state(const struct worker *worker)
{
    return delivery_state(worker->delivery);
}

int64_t
worker_newest_attention(const struct worker *worker)
{
    return find_newest_attention(worker->queue);
}

json_t *
worker_alive(const struct worker *worker)
{
    return api_alive(worker->api);
}

void
worker_free(struct worker *w)
{
    if (!w)
        return;
    if (w->server)
        drain_close(&w->drain);
    api_free(w->api);
    reconcile_free(w->reconcile);
    if (w->server) {
        upkeep_end(w);
        http_server_free(w->server);
    }
    callbacks_free(w->callbacks);
    http_free(w->callback_http);
    delivery_free(w->delivery);
    setup_free_io(w);
    queue_close(w->queue);
    setup_free(w);
    pinned_path_close(w->folder);
    pinned_path_close(w->log_dir);
    log_close();
    free(w);
}
