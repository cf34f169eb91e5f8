/* POST /create and the group commit. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "worker/api/internal.h"

#define LOG_FOREIGN_BYTES 201 /* of a client's text in a log line */
/* Where the disk is slow: what has come during a commit waits for the next orders of the
 * connections that are answered now. Otherwise two groups of half the size would take turns. */
#define COMPANY_MS 2
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
    if (api->pending_count >= GROUP_MAX) {
        api_settle(api);
        api_commit(api);
    } else if (!evtimer_pending(api->commit, NULL)) {
        event_active(api->commit, EV_TIMEOUT, 0);
    }
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
                     "this workshop is stopping: send the order again later");
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

/* Answering may bring the next orders of these connections, which begin the next group. */
static void
answer_group(struct api *api)
{
    struct api_group group = api->group;

    api->group = (struct api_group){.count = 0};
    failpoint_here("api.committed");
    log_hold();
    for (size_t i = 0; i < group.count; i++)
        log_put(group.pending[i], &group.puts[i]);
    log_release();
    for (size_t i = 0; i < group.count; i++) {
        answer(api, group.pending[i], &group.puts[i]);
        failpoint_here("api.answered");
        credentials_clear(&group.pending[i]->credentials);
        free(group.pending[i]);
    }
    free(group.pending);
    free(group.puts);
    delivery_wake(api->setup.delivery);
    api->setup.changed(api->setup.arg);
}

void
api_settle(struct api *api)
{
    queue_put_end(api->setup.queue);
    if (api->group.count)
        answer_group(api);
}

static void
on_committed(evutil_socket_t fd, short what, void *arg)
{
    struct timeval company = clock_timeval(COMPANY_MS);
    struct api *api = arg;

    (void)fd;
    (void)what;
    api_settle(api);
    if (api->pending_count)
        event_add(api->commit, &company);
}

static void
watch(struct api *api)
{
    if (api->committed)
        return;
    api->committed = loop_event(api->setup.base, queue_put_fd(api->setup.queue),
                                EV_READ | EV_PERSIST, on_committed, api);
    event_add(api->committed, NULL);
}

void
api_commit(struct api *api)
{
    struct api_group *group = &api->group;

    if (!api->pending_count || group->count)
        return;
    *group = (struct api_group){api->pending, mem_alloc(api->pending_count * sizeof *group->puts),
                                api->pending_count};
    api->pending = NULL;
    api->pending_count = api->pending_size = 0;
    for (size_t i = 0; i < group->count; i++) {
        group->puts[i].order = &group->pending[i]->order;
        group->puts[i].credentials = &group->pending[i]->credentials;
    }
    failpoint_here("api.commit");
    if (queue_put_start(api->setup.queue, group->puts, group->count))
        watch(api);
    else
        answer_group(api);
}
