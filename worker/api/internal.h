/* Internals shared by the files of the workshop API. */
#ifndef WORKER_API_INTERNAL_H
#define WORKER_API_INTERNAL_H

#include <sys/queue.h>

#include "worker/api/api.h"
#include "worker/delivery/pause.h"
#include "worker/find/find.h"

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
    struct api_group {
        struct api_pending **pending;
        struct queue_put *puts;
        size_t count;
    } group;                 /* whose commit is on its way; count 0: none */
    struct event *committed; /* NULL: none was yet */
    struct pause *pause;
    json_t *tokens;     /* as in the configuration */
    json_t *token_uses; /* {HASH: wall clock} */
    struct event *keep_uses;
    struct api_clearing *clearings;
    struct api_asking *askings;  /* questions to the ERP */
    struct api_checked *checked; /* its last answers; NULL: none yet */
    struct event *list;          /* the next step of a listing */
    TAILQ_HEAD(, api_listing) listings;
    struct event *scan; /* the next step of a search */
    TAILQ_HEAD(, api_scan) scans;
    struct event *retry; /* the next step of a retry of many */
    TAILQ_HEAD(, api_retry) retries;
};

/* One search through the queue, in steps: a long one delays neither the loop nor other calls. The
 * first member of what is made of it. */
struct api_scan {
    TAILQ_ENTRY(api_scan) link;
    struct api *api;
    struct call *call;
    struct find_filter filter;
    struct find find;
    unsigned looked_max; /* it ends then, though there may be more */
    bool whole; /* nothing is seen twice or missed: it is begun again if an order moved meanwhile */
    unsigned begun;
    bool over; /* set by find.each, which returns false: what is found is enough */
    void (*begin)(struct api_scan *scan);
    void (*end)(struct api_scan *scan, const struct err *err); /* replies, and frees it */
};

/* scan.c */
void api_scan_start(struct api_scan *scan);
void api_scan_step(evutil_socket_t fd, short what, void *api);
void api_scan_end(struct api *api); /* refuses those under way */
/* check.c */
void api_check(struct call *call, void *context);
void api_check_end(struct api *api); /* refuses those under way */

/* clear.c */
void api_clear_queue(struct call *call, void *context);
void api_clear_end(struct api *api); /* cancels those under way */

/* create.c */
void api_create(struct call *call, void *context);
void api_commit(struct api *api);
void api_settle(struct api *api); /* waits for the commit that is on its way, and answers */

/* evidence.c */
void api_history(struct call *call, void *context);
void api_evidence(struct call *call, void *context);

/* list.c */
void api_queue(struct call *call, void *context);
void api_list_step(evutil_socket_t fd, short what, void *api);
void api_list_end(struct api *api); /* refuses those under way */

/* Reads limit and after, or replies with the error. */
bool api_page(struct call *call, unsigned *limit, uint64_t *after);

/* orders.c */
void api_order_status(struct call *call, void *context);
void api_order(struct call *call, void *context);
void api_retry(struct call *call, void *context);
void api_resolve(struct call *call, void *context);
void api_write_off(struct call *call, void *context);

/* retry.c */
void api_retry_many(struct call *call, void *context);
void api_retry_step(evutil_socket_t fd, short what, void *api);
void api_retry_end(struct api *api);

/* report.c */
void api_report(struct call *call, void *context);

/* search.c */
void api_orders(struct call *call, void *context);
void api_worksheet_orders(struct call *call, void *context);

/* tokens.c */
void api_tokens_open(struct api *api);
void api_tokens_close(struct api *api);
const json_t *api_token_find(struct api *api,
                             const struct call *call); /* NULL: none or a wrong one */

/* switch.c */
void api_start_worker(struct call *call, void *context);
void api_stop_worker(struct call *call, void *context);

/* cross_site.c */

/* Whether a port without tokens may serve this call, by its Host and Origin; if not, it has been
 * replied to. */
bool api_site_allows(struct call *call, const struct workshop_config *workshop);

/* reply.c */

/* Replies 400 for a parameter of the query. */
void api_bad_parameter(struct call *call, const char *name, const char *detail);

/* Whatever still waits for its reply when the process stops. */
extern const struct err api_stopping;

/* Replies 503, with the message and a Retry-After. */
void api_unavailable(struct call *call, const struct err *err);

void api_unknown_order(struct call *call);

/* Replies 400 for the faults of an order or a correction, and clears them. */
void api_faults(struct call *call, struct order_faults *faults);

#endif
