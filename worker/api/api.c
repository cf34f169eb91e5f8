/* Routes, access checks, and the calls that concern the process. */
#include "worker/api/api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/http/route.h"
#include "worker/api/internal.h"

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
        "{s:s s:s s:s s:s? s:s? s:o s:o s:s s:i s:o s:{s:i s:i s:i s:i} s:i s:I s:s s:o}",
        "workshop", api->setup.workshop->name, "api", "running", "worker", delivery_state(delivery),
        "worker_reason", reason, "worker_text", delivery_text(delivery), "worker_since",
        time_json(delivery_since_ms(delivery)), "next_probe_at",
        time_json(delivery_next_probe_ms(delivery)), "erp_system", api->setup.workshop->erp_system,
        "queue_length", (int)queue_length(queue), "oldest_placed_age_s",
        oldest_ms ? json_integer(age_s > 0 ? age_s : 0) : json_null(), "orders", "placed",
        (int)queue_count(queue, ORDER_PLACED), "processing",
        (int)queue_count(queue, ORDER_PROCESSING), "created",
        (int)queue_count(queue, ORDER_CREATED), "error", (int)queue_count(queue, ORDER_ERROR),
        "pid", (int)getpid(), "uptime_s",
        (json_int_t)((clock_monotonic_ms() - api->started_ms) / 1000), "version", PUMPLINE_VERSION,
        "salvaged", salvaged ? salvaged : json_null());
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

    log_info("PUT /kill: exiting; this instance will not be restarted");
    api->stopping = true;
    api->setup.kill(api->setup.arg);
    call->sent = api->setup.killed;
    call->sent_arg = api->setup.arg;
    call_reply(call, 200,
               json_pack("{s:s s:b}", "workshop", api->setup.workshop->name, "was_running", 1));
}

static void
reply_worker(struct call *call, struct api *api, bool was_running)
{
    call_reply(call, 200,
               json_pack("{s:s s:s s:b}", "workshop", api->setup.workshop->name, "worker",
                         delivery_state(api->setup.delivery), "was_running", was_running));
}

static void
put_start_worker(struct call *call, void *context)
{
    struct api *api = context;
    bool was_running = strcmp(delivery_state(api->setup.delivery), "running") == 0;

    delivery_start(api->setup.delivery);
    reply_worker(call, api, was_running);
}

static void
put_stop_worker(struct call *call, void *context)
{
    struct api *api = context;
    bool was_running = strcmp(delivery_state(api->setup.delivery), "stopped") != 0;

    delivery_stop(api->setup.delivery);
    reply_worker(call, api, was_running);
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

static const struct route routes[] = {
    {"GET", "/alive", get_alive, ACCESS_ORDER},
    {"PUT", "/kill", put_kill, ACCESS_MANAGE},
    {"GET", "/queue", api_queue, ACCESS_ORDER},
    {"PUT", "/clear_queue", api_clear_queue, ACCESS_MANAGE},
    {"PUT", "/start_worker", put_start_worker, ACCESS_MANAGE},
    {"PUT", "/stop_worker", put_stop_worker, ACCESS_MANAGE},
    {"POST", "/create", api_create, ACCESS_ORDER},
    {"GET", "/get_order_status", api_order_status, ACCESS_ORDER},
    {"GET", "/orders", api_orders, ACCESS_ORDER},
    {"GET", "/orders/{uniqueid}/history", api_history, ACCESS_ORDER},
    {"GET", "/orders/{uniqueid}/evidence/{name}", api_evidence, ACCESS_ORDER},
    {"PUT", "/orders/{uniqueid}/retry", api_retry, ACCESS_MANAGE},
    {"PUT", "/orders/{uniqueid}/resolve", api_resolve, ACCESS_MANAGE},
    {"PUT", "/backup", put_backup, ACCESS_CONTROL},
};

/* Every token is compared, so that the duration does not reveal which one was close. */
static unsigned
token_access(const json_t *tokens, const char *given)
{
    unsigned access = 0;

    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *token = json_array_get(tokens, i);
        const char *scope = json_string_value(json_object_get(token, "scope"));

        if (secret_token_matches(given, json_string_value(json_object_get(token, "hash"))))
            access |= strcmp(scope, "manage") == 0 ? ACCESS_MANAGE | ACCESS_ORDER : ACCESS_ORDER;
    }
    return access;
}

static bool
check_access(struct call *call, const struct route *route, void *context)
{
    struct api *api = context;
    const json_t *tokens = json_object_get(api->setup.workshop->document, "api_tokens");
    const char *header = call->authorization ? call->authorization : "";
    unsigned access;

    if (call->trusted)
        return true;
    if (route->access == ACCESS_CONTROL) {
        call_problem(call, 403, "forbidden", NULL,
                     "this call is available on the control socket only");
        return false;
    }
    if (!json_array_size(tokens) && !api_site_allows(call, api->setup.workshop))
        return false;
    if (call->body_length && !call_is_json(call)) {
        call_problem(call, 415, "unsupported_media_type", NULL,
                     "Content-Type must be application/json");
        return false;
    }
    if (!json_array_size(tokens))
        return true;
    access = strncasecmp(header, "Bearer ", 7) == 0 ? token_access(tokens, header + 7) : 0;
    if (access & route->access)
        return true;
    if (access) {
        call_problem(call, 403, "forbidden", NULL, "this token's scope does not allow this call");
        return false;
    }
    call_header(call, "WWW-Authenticate", "Bearer");
    call_problem(call, 401, "unauthorized", NULL,
                 "a valid token is required: Authorization: Bearer TOKEN");
    return false;
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
    route_dispatch(routes, sizeof routes / sizeof *routes, call, check_access, api);
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
    TAILQ_INIT(&api->listings);
    return api;
}

void
api_free(struct api *api)
{
    if (!api)
        return;
    api_commit(api);
    api_clear_end(api);
    api_list_end(api);
    event_free(api->list);
    event_free(api->commit);
    free(api->pending);
    free(api);
}

void
api_stop(struct api *api)
{
    api->stopping = true;
}

size_t
api_pending(const struct api *api)
{
    return api->pending_count;
}
