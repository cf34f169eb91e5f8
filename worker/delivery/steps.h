/* The steps of one job: the driver's requests, sent one after another until it ends. An order's
 * attempt and a closing job use the same code; their owners handle the end. */
#ifndef WORKER_DELIVERY_STEPS_H
#define WORKER_DELIVERY_STEPS_H

#include <sys/queue.h>

#include "worker/delivery/delivery.h"
#include "worker/delivery/session.h"

struct steps_events {
    /* The request is about to be sent. The order whose record must say so before; NULL: none. May
     * be NULL: no request of this job may create a line. */
    struct order *(*leaves)(void *arg);
    /* The last callback, except for `stepped`. outcome is borrowed. */
    void (*ended)(enum erp_verdict verdict, const struct erp_outcome *outcome, void *arg);
    /* A reply was processed. session: for comparison only. May be NULL. */
    void (*stepped)(const struct session *session, void *arg);
    /* This request, steps->erp.request, is about to be sent. May be NULL. */
    void (*sends)(void *arg);
};

TAILQ_HEAD(steps_list, steps);

struct steps {
    const struct delivery_setup *setup;
    struct sessions *sessions;
    struct turn *turn;       /* of file requests */
    struct session *session; /* set before the first step; NULL again after steps_leave */
    struct erp_job erp;
    const struct steps_events *events;
    void *arg;
    bool waiting;                      /* for another job of its session */
    struct http_transfer *transfer;    /* NULL: no request is under way */
    struct browser_kill_request *kill; /* NULL: none is */
    struct event *delay;               /* NULL: none has been needed yet */
    struct steps_list *turn_list;      /* where its request waits; NULL: nowhere */
    TAILQ_ENTRY(steps) link;           /* of that list */
    struct order *leaving; /* within a turn: what must be recorded first; NULL: nothing */
};

/* The next step; the first one, and one after ERP_WAIT, without a reply. */
void steps_go(struct steps *steps, const struct erp_reply *reply);

/* The reply to the request under way, or why it was not sent (the job ends with ERP_RETRY). */
void steps_reply(struct steps *steps, const struct erp_reply *reply);
void steps_not_sent(struct steps *steps, const struct err *why);

/* A request that can create the line is about to be sent. */
void steps_commits(void);

/* Ends the request under way and frees what the driver holds for it; the session returns to its
 * owner. May be repeated. */
void steps_leave(struct steps *steps);

#endif
