/* Routes, access checks, and the calls that concern the process. */
#include "worker/api/api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/http/route.h"
#include "worker/api/internal.h"
#include "worker/reconcile/calls.h"

enum access {
    ACCESS_ORDER = 1,
    ACCESS_MANAGE = 2,
    ACCESS_CONTROL = 4 /* the control socket alone */
};

/* 0 is null. */
static json_t *
time_json(int64_t at_ms)
{
    char text[CLOCK_TEXT_BYTES];

    if (!at_ms)
        return json_null();
    clock_text(at_ms, text);
    return json_string(text);
}

json_t *
api_alive(const struct api *api)
{
    const struct delivery *delivery = api->setup.delivery;
    struct queue *queue = api->setup.queue;
    int64_t oldest_ms = queue_oldest_placed_ms(queue);
    int64_t age_s = oldest_ms ? (clock_wall_ms() - oldest_ms) / 1000 : 0;
    const char *reason = delivery_reason(delivery);
    json_t *salvaged = queue_salvaged(queue);

    return json_pack(
        "{s:s s:s s:s s:s? s:s? s:o s:o s:o s:s s:i s:o s:{s:i s:i s:i s:i} s:i s:i s:I s:s s:o}",
        "workshop", api->setup.workshop->name, "api", "running", "worker", delivery_state(delivery),
        "worker_reason", reason, "worker_text", delivery_text(delivery), "worker_since",
        time_json(delivery_since_ms(delivery)), "worker_until",
        time_json(pause_until_ms(api->pause)), "next_probe_at",
        time_json(delivery_next_probe_ms(delivery)), "erp_system", api->setup.workshop->erp_system,
        "queue_length", (int)queue_length(queue), "oldest_placed_age_s",
        oldest_ms ? json_integer(age_s > 0 ? age_s : 0) : json_null(), "orders", "placed",
        (int)queue_count(queue, ORDER_PLACED), "processing",
        (int)queue_count(queue, ORDER_PROCESSING), "created",
        (int)queue_count(queue, ORDER_CREATED), "error", (int)queue_count(queue, ORDER_ERROR),
        "needs_attention", (int)queue_count(queue, QUEUE_ATTENTION), "pid", (int)getpid(),
        "uptime_s", (json_int_t)((clock_monotonic_ms() - api->started_ms) / 1000), "version",
        PUMPLINE_VERSION, "salvaged", salvaged ? salvaged : json_null());
}

static void
get_alive(struct call *call, void *context)
{
    call_reply(call, 200, api_alive(context));
}

static void
put_kill(struct call *call, void *context)
{
    struct api *api = context;

    log_info("PUT /kill: exiting; this workshop will not be restarted");
    api->stopping = true;
    api->setup.kill(api->setup.arg);
    call->sent = api->setup.killed;
    call->sent_arg = api->setup.arg;
    call_reply(call, 200,
               json_pack("{s:s s:b}", "workshop", api->setup.workshop->name, "was_running", 1));
}

/* A file beside the queue, which only root and the daemon's own user can read. */
static void
put_backup(struct call *call, void *context)
{
    struct api *api = context;
    struct err err;
    char *file = queue_backup(api->setup.queue, &err);

    if (!file) {
        api_unavailable(call, &err);
        return;
    }
    log_info("PUT /backup: copied the queue to %s", file);
    call_reply(call, 200,
               json_pack("{s:s s:s}", "workshop", api->setup.workshop->name, "file", file));
    free(file);
}

static void
get_reconcile(struct call *call, void *context)
{
    const struct api *api = context;

    reconcile_get(api->setup.queue, api->setup.workshop->name, call);
}

static void
post_reconcile(struct call *call, void *context)
{
    const struct api *api = context;

    reconcile_post(api->setup.reconcile, api->setup.workshop->name, call);
}

#define PAGE_NAMES "limit after"

static const struct route routes[] = {
    {"GET", "/alive", get_alive, ACCESS_ORDER, NULL, false},
    {"PUT", "/kill", put_kill, ACCESS_MANAGE, NULL, false},
    {"GET", "/queue", api_queue, ACCESS_ORDER, PAGE_NAMES, false},
    {"PUT", "/clear_queue", api_clear_queue, ACCESS_MANAGE, NULL, false},
    {"PUT", "/start_worker", api_start_worker, ACCESS_MANAGE, NULL, false},
    {"PUT", "/stop_worker", api_stop_worker, ACCESS_MANAGE, NULL, true},
    {"POST", "/create", api_create, ACCESS_ORDER, NULL, true},
    {"GET", "/get_order_status", api_order_status, ACCESS_ORDER, "uniqueid", false},
    {"GET", "/orders", api_orders, ACCESS_ORDER, FIND_FILTER_NAMES " " PAGE_NAMES, false},
    {"POST", "/orders/retry", api_retry_many, ACCESS_MANAGE, NULL, true},
    {"GET", "/orders/{uniqueid}", api_order, ACCESS_ORDER, NULL, false},
    {"GET", "/orders/{uniqueid}/history", api_history, ACCESS_ORDER, NULL, false},
    {"GET", "/orders/{uniqueid}/evidence/{name}", api_evidence, ACCESS_ORDER, NULL, false},
    {"PUT", "/orders/{uniqueid}/retry", api_retry, ACCESS_MANAGE, NULL, true},
    {"PUT", "/orders/{uniqueid}/resolve", api_resolve, ACCESS_MANAGE, NULL, true},
    {"PUT", "/orders/{uniqueid}/write_off", api_write_off, ACCESS_MANAGE, NULL, true},
    {"GET", "/worksheets/{worksheet}", api_check, ACCESS_ORDER, "product_nr product_amount", false},
    {"GET", "/worksheets/{worksheet}/orders", api_worksheet_orders, ACCESS_ORDER, PAGE_NAMES,
     false},
    {"GET", "/report", api_report, ACCESS_ORDER, "from to by format", false},
    {"GET", "/reconcile", get_reconcile, ACCESS_ORDER, PAGE_NAMES, false},
    {"POST", "/reconcile", post_reconcile, ACCESS_MANAGE, NULL, true},
    {"PUT", "/backup", put_backup, ACCESS_CONTROL, NULL, false},
};

static unsigned
token_access(const json_t *token, struct author *by)
{
    const char *name = json_string_value(json_object_get(token, "name"));

    author_set(by, name ? name : "unnamed", AUTHOR_TOKEN);
    return strcmp(json_string_value(json_object_get(token, "scope")), "manage") == 0
               ? ACCESS_MANAGE | ACCESS_ORDER
               : ACCESS_ORDER;
}

static void
on_managed(const struct call *call, int status, const char *body, size_t length)
{
    const struct api *api = call->observer;

    api->setup.audit(call, status, body, length, api->setup.arg);
}

/* Has the audit told how the call ends, if it changes more than to place an order. */
static void
watch_change(struct call *call, const struct route *route, struct api *api)
{
    if (route->access != ACCESS_MANAGE || strcmp(call->method, "GET") == 0 || !api->setup.audit)
        return;
    call->observe = on_managed;
    call->observer = api;
}

static bool
check_access(struct call *call, const struct route *route, void *context)
{
    struct api *api = context;
    const json_t *token;
    unsigned access;

    if (call->trusted)
        return true;
    if (route->access == ACCESS_CONTROL) {
        call_problem(call, 403, "forbidden", NULL,
                     "this call is available on the control socket only");
        return false;
    }
    if (!json_array_size(api->tokens) && !api_site_allows(call, api->setup.workshop))
        return false;
    if (call->body_length && !call_is_json(call)) {
        call_problem(call, 415, "unsupported_media_type", NULL,
                     "Content-Type must be application/json");
        return false;
    }
    author_set(&call->by, AUTHOR_ANONYMOUS, AUTHOR_TOKEN);
    if (!json_array_size(api->tokens)) {
        watch_change(call, route, api);
        return true;
    }
    token = api_token_find(api, call);
    access = token ? token_access(token, &call->by) : 0;
    if (access & route->access) {
        watch_change(call, route, api);
        return true;
    }
    if (access) {
        call_problem(call, 403, "forbidden", NULL, "this token's scope does not allow this call");
        return false;
    }
    call_header(call, "WWW-Authenticate", "Bearer");
    call_problem(call, 401, "unauthorized", NULL,
                 "a valid token is required: Authorization: Bearer TOKEN");
    return false;
}

static bool
check_call(struct call *call, const struct route *route, void *context)
{
    return check_access(call, route, context) && route_allows_body(route, call);
}

void
api_handle(struct call *call, void *context)
{
    struct api *api = context;

    if (call->body_length > ORDER_BODY_MAX) {
        call_problem(call, 413, "content_too_large", NULL, "the body exceeds %d bytes",
                     ORDER_BODY_MAX);
        return;
    }
    route_dispatch(routes, sizeof routes / sizeof *routes, call, check_call, api);
    if (queue_broken(api->setup.queue))
        api->setup.changed(api->setup.arg);
}

static void
on_commit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    api_commit(arg);
}

struct api *
api_new(const struct api_setup *setup)
{
    struct api *api = mem_alloc(sizeof *api);

    api->setup = *setup;
    api->started_ms = clock_monotonic_ms();
    api->commit = loop_event(setup->base, -1, 0, on_commit, api);
    api->list = loop_event(setup->base, -1, 0, api_list_step, api);
    api_tokens_open(api);
    api->pause = pause_new(setup->base, setup->queue, setup->delivery);
    TAILQ_INIT(&api->listings);
    api->scan = loop_event(setup->base, -1, 0, api_scan_step, api);
    TAILQ_INIT(&api->scans);
    api->retry = loop_event(setup->base, -1, 0, api_retry_step, api);
    TAILQ_INIT(&api->retries);
    return api;
}

void
api_boot(struct api *api, const char *worker)
{
    pause_boot(api->pause, worker);
}

void
api_free(struct api *api)
{
    if (!api)
        return;
    api_settle(api);
    api_commit(api);
    api_settle(api);
    api_clear_end(api);
    api_check_end(api);
    api_list_end(api);
    api_tokens_close(api);
    api_scan_end(api);
    api_retry_end(api);
    event_free(api->retry);
    event_free(api->scan);
    pause_free(api->pause);
    event_free(api->list);
    event_free(api->commit);
    if (api->committed)
        event_free(api->committed);
    free(api->pending);
    free(api);
}

void
api_stop(struct api *api)
{
    api->stopping = true;
    pause_freeze(api->pause);
}

size_t
api_pending(const struct api *api)
{
    return api->pending_count + api->group.count;
}
