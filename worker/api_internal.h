/* Inside the workshop API: what its files share. */
#ifndef WORKER_API_INTERNAL_H
#define WORKER_API_INTERNAL_H

#include "worker/api.h"

/* An order that waits for the turn's commit. */
struct api_pending {
    struct call *call;
    struct order order;
    struct credentials credentials;
};

struct api {
    struct api_setup setup;
    bool stopping;
    int64_t started_ms; /* monotonic */
    struct api_pending **pending;
    size_t pending_count, pending_size;
    struct event *commit;
    struct api_clearing *clearings;
};

/* api_clear.c */
void api_clear_queue(struct call *call, void *context);
void api_clear_end(struct api *api); /* gives those under way up */

/* api_create.c */
void api_create(struct call *call, void *context);
void api_commit(struct api *api);

/* api_evidence.c */
void api_history(struct call *call, void *context);
void api_evidence(struct call *call, void *context);

/* api_orders.c */
void api_queue(struct call *call, void *context);
void api_orders(struct call *call, void *context);
void api_order_status(struct call *call, void *context);
void api_retry(struct call *call, void *context);
void api_resolve(struct call *call, void *context);

/* api_reply.c */

/* Replies 503, with the words and a Retry-After. */
void api_unavailable(struct call *call, const struct err *err);

void api_unknown_order(struct call *call);

/* Replies 400 for an order's or a correction's faults, and clears them. */
void api_faults(struct call *call, struct order_faults *faults);

#endif
