/* The workshop API: every route of a workshop, over its port and over the channel alike.
 *
 * Owns access rights, the reading of requests and the shape of replies, and the group commit:
 * orders that arrive in one turn of the loop share one transaction, and each is answered after it
 * is on disk. */
#ifndef WORKER_API_API_H
#define WORKER_API_API_H

#include <event2/event.h>

#include "common/config/config.h"
#include "common/http/call.h"
#include "worker/delivery/delivery.h"
#include "worker/queue/queue.h"

struct api;

struct api_setup {
    struct event_base *base;
    struct queue *queue;
    struct delivery *delivery;
    const struct workshop_config *workshop;
    bool looks_in_worksheet;    /* see the driver's contract */
    void (*changed)(void *arg); /* the queue has changed */
    void (*kill)(void *arg);    /* PUT /kill was requested; the reply is still to be sent */
    void (*killed)(void *arg);  /* … and has been sent */
    void *arg;
};

/* Everything in setup is borrowed for its life. */
struct api *api_new(const struct api_setup *setup);
void api_free(struct api *api);

/* Answers one call, at once or after the turn's commit. */
void api_handle(struct call *call, void *api);

/* From now on orders are answered with 503: the process is about to exit. */
void api_stop(struct api *api);

/* Orders that are not yet on disk or not yet answered. */
size_t api_pending(const struct api *api);

/* The reply of GET /alive; the caller owns it. */
json_t *api_alive(const struct api *api);

#endif
