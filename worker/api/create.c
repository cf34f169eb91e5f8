/* POST /create and the group commit. */
#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/api/internal.h"

#define LOG_FOREIGN_BYTES 201 /* of a client's text in a log line */
#define GROUP_MAX 512 /* orders in one transaction: limits memory and duration of a commit */

static void
pending_add(struct api *api, const struct api_pending *pending)
{
    if (api->pending_count == api->pending_size) {
        api->pending_size = api->pending_size ? api->pending_size * 2 : 16;
        api->pending = mem_resize(api->pending, api->pending_size * sizeof *api->pending);
    }
    api->pending[api->pending_count] = mem_alloc(sizeof *pending);
    *api->pending[api->pending_count++] = *pending;
    if (api->pending_count >= GROUP_MAX)
        api_commit(api);
    else
        event_active(api->commit, EV_TIMEOUT, 0);
}

static void
log_refused(const struct order *order, const struct order_faults *faults)
{
    char brief[LOG_FOREIGN_BYTES];

    text_copy(brief, sizeof brief, faults->detail);
    log_write(LOG_INFO, LOG_API, *order->uniqueid ? order->uniqueid : NULL,
              "POST /create: 400 %s: %s", faults->code, brief);
}

void
api_create(struct call *call, void *context)
{
    struct api *api = context;
    struct api_pending pending = {.call = call};
    struct order_faults faults;

    if (api->stopping) {
        call_header(call, "Retry-After", "5");
        call_problem(call, 503, "stopping", NULL,
                     "this integration is stopping: send the order again later");
    } else if (!call_is_json(call)) {
        call_problem(call, 415, "unsupported_media_type", NULL,
                     "Content-Type must be application/json");
    } else if (order_parse(call->body, call->body_length, api->setup.workshop->name,
                           api->setup.needs_credentials, &pending.order, &pending.credentials,
                           &faults)) {
        log_refused(&pending.order, &faults);
        api_faults(call, &faults);
    } else {
        author_pack(&call->by, pending.order.placed_by);
        pending_add(api, &pending);
    }
}

static void
log_put(const struct api_pending *pending, const struct queue_put *put)
{
    const char *uniqueid = pending->order.uniqueid;

    if (put->answer == QUEUE_REFUSED)
        log_write(LOG_WARNING, LOG_API, uniqueid, "POST /create: 503 %s: %s", put->err.code,
                  put->err.text);
    else if (put->answer == QUEUE_CONFLICT)
        log_write(LOG_WARNING, LOG_API, uniqueid,
                  "POST /create: 409, uniqueid already used with different content");
    else if (put->answer == QUEUE_DUPLICATE)
        log_write(LOG_INFO, LOG_API, uniqueid, "POST /create: duplicate");
    else
        log_each(LOG_INFO, LOG_API, uniqueid, "POST /create: placed");
}

static void
answer(struct api *api, struct api_pending *pending, const struct queue_put *put)
{
    struct call *call = pending->call;

    if (put->answer == QUEUE_REFUSED) {
        api_unavailable(call, &put->err);
        return;
    }
    if (put->answer == QUEUE_CONFLICT) {
        call_problem(
            call, 409, "uniqueid_conflict", json_pack("[s]", "uniqueid"),
            "this uniqueid was already used with a different worksheet, product or amount");
        return;
    }
    call_reply(call, 200,
               json_pack("{s:s s:s s:s s:b s:i}", "workshop", api->setup.workshop->name, "uniqueid",
                         pending->order.uniqueid, "status",
                         order_status_name(pending->order.status), "duplicate",
                         put->answer == QUEUE_DUPLICATE, "queue_length", (int)put->queue_length));
}

void
api_commit(struct api *api)
{
    size_t count = api->pending_count;
    struct queue_put *puts;

    if (!count)
        return;
    puts = mem_alloc(count * sizeof *puts);
    for (size_t i = 0; i < count; i++) {
        puts[i].order = &api->pending[i]->order;
        puts[i].credentials = &api->pending[i]->credentials;
    }
    failpoint_here("api.commit");
    queue_put(api->setup.queue, puts, count);
    failpoint_here("api.committed");
    api->pending_count = 0;
    log_hold();
    for (size_t i = 0; i < count; i++)
        log_put(api->pending[i], &puts[i]);
    log_release();
    for (size_t i = 0; i < count; i++) {
        answer(api, api->pending[i], &puts[i]);
        failpoint_here("api.answered");
        credentials_clear(&api->pending[i]->credentials);
        free(api->pending[i]);
    }
    free(puts);
    delivery_wake(api->setup.delivery);
    api->setup.changed(api->setup.arg);
}
