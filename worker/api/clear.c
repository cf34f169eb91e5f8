/* PUT /clear_queue, in steps, so that a long queue does not block the loop. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "worker/api/internal.h"

#define STEP_ORDERS 500

/* One clearing under way. */
struct api_clearing {
    struct api *api;
    struct api_clearing *next;
    struct call *call;
    struct event *step;
    uint64_t last; /* the newest order at the time of the request: later ones stay */
    unsigned cleared;
};

static void
clearing_free(struct api_clearing *clearing)
{
    for (struct api_clearing **link = &clearing->api->clearings; *link; link = &(*link)->next)
        if (*link == clearing) {
            *link = clearing->next;
            break;
        }
    event_free(clearing->step);
    free(clearing);
}

static void
clearing_reply(struct api_clearing *clearing)
{
    struct api *api = clearing->api;

    log_info("PUT /clear_queue: cleared %u order%s", clearing->cleared, plural(clearing->cleared));
    call_reply(clearing->call, 200,
               json_pack("{s:s s:i s:i}", "workshop", api->setup.workshop->name, "cleared",
                         (int)clearing->cleared, "processing",
                         (int)queue_count(api->setup.queue, ORDER_PROCESSING)));
    clearing_free(clearing);
    api->setup.changed(api->setup.arg);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
    struct api_clearing *clearing = arg;
    struct err err;
    int count = queue_clear(clearing->api->setup.queue, clearing->last, STEP_ORDERS,
                            &clearing->call->by, &err);

    (void)fd;
    (void)what;
    if (count < 0) {
        api_unavailable(clearing->call, &err);
        clearing_free(clearing);
        return;
    }
    clearing->cleared += (unsigned)count;
    if (count == STEP_ORDERS)
        event_add(clearing->step, &(struct timeval){0, 0});
    else
        clearing_reply(clearing);
}

void
api_clear_queue(struct call *call, void *context)
{
    struct api *api = context;
    struct api_clearing *clearing = mem_alloc(sizeof *clearing);

    *clearing = (struct api_clearing){.api = api,
                                      .next = api->clearings,
                                      .call = call,
                                      .step = loop_timer(api->setup.base, on_step, clearing),
                                      .last = queue_last_seq(api->setup.queue)};
    api->clearings = clearing;
    on_step(-1, 0, clearing);
}

void
api_clear_end(struct api *api)
{
    while (api->clearings) {
        api_unavailable(api->clearings->call, &api_stopping);
        clearing_free(api->clearings);
    }
}
