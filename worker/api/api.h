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
    struct reconcile *reconcile;
    const struct workshop_config *workshop;
    bool needs_credentials;     /* each order has to bring its own */
    bool looks_in_worksheet;    /* see the driver's contract */
    void (*changed)(void *arg); /* the queue has changed */
    /* The token with this hash was used, for the first time in a while; wall clock; may be NULL. */
    void (*token_used)(const char *hash, int64_t at_ms, void *arg);
    void (*kill)(void *arg);   /* PUT /kill was requested; the reply is still to be sent */
    void (*killed)(void *arg); /* … and has been sent */
    /* A client changed something through the port. NULL: changes are not reported. */
    void (*audit)(const struct call *call, int status, const char *body, size_t length, void *arg);
    void *arg;
};

/* Everything in setup is borrowed for its life. */
struct api *api_new(const struct api_setup *setup);

/* From now on these tokens count (borrowed): an array, or NULL. */
void api_set_tokens(struct api *api, const json_t *tokens);

/* Calls token_used for each token that was ever used. */
void api_tell_uses(const struct api *api);

/* Starts the worker, unless a person has stopped it: see pause_boot. */
void api_boot(struct api *api, const char *worker);

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
