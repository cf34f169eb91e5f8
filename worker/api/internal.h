/* Internals shared by the files of the workshop API. */
#ifndef WORKER_API_INTERNAL_H
#define WORKER_API_INTERNAL_H

#include <sys/queue.h>

#include "worker/api/api.h"

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
    struct event *list; /* the next step of a listing */
    TAILQ_HEAD(, api_listing) listings;
};

/* clear.c */
void api_clear_queue(struct call *call, void *context);
void api_clear_end(struct api *api); /* cancels those under way */

/* create.c */
void api_create(struct call *call, void *context);
void api_commit(struct api *api);

/* evidence.c */
void api_history(struct call *call, void *context);
void api_evidence(struct call *call, void *context);

/* list.c */
void api_queue(struct call *call, void *context);
void api_orders(struct call *call, void *context);
void api_list_step(evutil_socket_t fd, short what, void *api);
void api_list_end(struct api *api); /* refuses those under way */

/* orders.c */
void api_order_status(struct call *call, void *context);
void api_retry(struct call *call, void *context);
void api_resolve(struct call *call, void *context);

/* cross_site.c */

/* Whether a port without tokens may serve this call, by its Host and Origin; if not, it has been
 * replied to. */
bool api_site_allows(struct call *call, const struct workshop_config *workshop);

/* reply.c */

/* Replies 400 for a parameter of the query. */
void api_bad_parameter(struct call *call, const char *name, const char *detail);

/* Replies 503, with the message and a Retry-After. */
void api_unavailable(struct call *call, const struct err *err);

void api_unknown_order(struct call *call);

/* Replies 400 for the faults of an order or a correction, and clears them. */
void api_faults(struct call *call, struct order_faults *faults);

#endif
