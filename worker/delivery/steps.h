/* The steps of one job: the driver's requests, sent one after another until it ends. An order's
 * attempt and a closing job walk alike; what an end means is their owners'. */
#ifndef WORKER_DELIVERY_STEPS_H
#define WORKER_DELIVERY_STEPS_H

#include "worker/delivery/delivery.h"
#include "worker/delivery/session.h"

struct steps_events {
    /* The request leaves now. False: it must not, and *outcome says why: the job ends with
     * ERP_RETRY. NULL: it may. */
    bool (*leaves)(struct erp_outcome *outcome, void *arg);
    /* The last thing that happens to it, but for `stepped`. outcome is borrowed. */
    void (*ended)(enum erp_verdict verdict, const struct erp_outcome *outcome, void *arg);
    /* A reply was processed. session: for comparison only. May be NULL. */
    void (*stepped)(const struct session *session, void *arg);
};

struct steps {
    const struct delivery_setup *setup;
    struct sessions *sessions;
    struct session *session; /* set before the first step; NULL again after steps_leave */
    struct erp_job erp;
    const struct steps_events *events;
    void *arg;
    bool waiting;                      /* for another job of its session */
    struct http_transfer *transfer;    /* NULL: no request is under way */
    struct browser_kill_request *kill; /* NULL: none is */
    struct event *delay;               /* NULL: none has been needed */
};

/* The next step; the first one, and one after ERP_WAIT, without a reply. */
void steps_go(struct steps *steps, const struct erp_reply *reply);

/* Ends what is under way and what the driver holds for it; the session is its owner's again.
 * Harmless when repeated. */
void steps_leave(struct steps *steps);

#endif
