/* Questions to the ERP: about a worksheet before pumping, or about a line that was created.
 * They change nothing in it, leave no trace in the queue, and use the sessions of the orders.
 *
 * Orders go first. Where a driver has one session (a browser), a question starts only while no
 * order needs it, and gives way to the next one. */
#ifndef WORKER_DELIVERY_INQUIRY_H
#define WORKER_DELIVERY_INQUIRY_H

#include "worker/delivery/delivery.h"
#include "worker/delivery/session.h"

#define INQUIRIES_AT_ONCE 4
#define INQUIRIES_MAX 64 /* under way or in line; more are refused */

struct inquiry;

struct inquiries {
    const struct delivery_setup *setup;
    struct sessions *sessions;
    struct turn *turn;
    struct inquiry *list; /* oldest first */
    unsigned count, under_way;
    /* The ERP refuses the configured credentials. outcome: borrowed. */
    void (*refused)(const struct erp_outcome *outcome, void *arg);
    /* A step was made that others of this session may wait for. */
    void (*stepped)(const struct session *session, void *arg);
    /* One has ended, its session is free. */
    void (*gone)(void *arg);
    void *arg;
};

/* In line; inquiries_go starts it. The order is copied. ended: called once, never from inside,
 * unless it is cancelled before. NULL: there are too many. */
struct inquiry *inquiry_new(struct inquiries *inquiries, enum erp_purpose purpose,
                            const struct order *order, delivery_answer *ended, void *arg);

/* ended is not called any more; what is under way goes on to its end, which prepares the session
 * for the next one. */
void inquiry_forget(struct inquiry *inquiry);

/* Starts those that may start. */
void inquiries_go(struct inquiries *inquiries);

/* An order waits for the session that they use. */
void inquiries_hurry(struct inquiries *inquiries);

/* A job of this session has stepped. */
void inquiries_stepped(struct inquiries *inquiries, const struct session *session);

/* Drops all: each ends with ERP_RETRY. */
void inquiries_clear(struct inquiries *inquiries);

#endif
