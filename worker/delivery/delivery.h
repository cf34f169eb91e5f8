/* The worker loop: a due order, its driver's requests, its next state.
 *
 * Owns the orders in progress, the sessions with the ERP, and the worker's own state: running,
 * stopped, or parked if the ERP is down or refuses the credentials. Keeps no state that is not in
 * the queue on disk. */
#ifndef WORKER_DELIVERY_DELIVERY_H
#define WORKER_DELIVERY_DELIVERY_H

#include <event2/event.h>

#include "common/config/config.h"
#include "erp-drivers/driver.h"
#include "worker/io/browser_kill.h"
#include "worker/io/http.h"
#include "worker/proxy/proxy.h"
#include "worker/queue/queue.h"

#define DELIVERY_CLOSING_MS 10000      /* what a closing job gets */
#define DELIVERY_STORAGE_PAUSE_MS 1000 /* between two tries to write the queue */

struct delivery;

struct delivery_setup {
    struct event_base *base;
    struct queue *queue;
    struct http *http;
    struct browser_killer *browser_killer;
    struct proxy *proxy; /* of the browser; NULL: the driver has none */
    const struct workshop_config *workshop;
    const json_t *erp; /* what the driver's sessions are created with */
    const struct erp_driver *driver;
    const struct credentials *credentials; /* the configured ones; username NULL: none */
    unsigned closing_ms;                   /* a closing job's deadline */
    unsigned storage_pause_ms;             /* before the queue is tried again */
    void (*changed)(void *arg);            /* the worker's state or an order's may have changed */
    void *arg;
};

/* Everything in setup is borrowed for its life. It starts stopped. */
struct delivery *delivery_new(const struct delivery_setup *setup);

/* Abandons orders in progress; the queue finds them when it is opened next. */
void delivery_free(struct delivery *delivery);

/* At process start: like delivery_start, but configured credentials that the ERP has refused are
 * not retried until a person says so. */
void delivery_boot(struct delivery *delivery);

/* Also at process start, before anything else, even if it is not to deliver: closes what a dead
 * process left open in the ERP. */
void delivery_tidy(struct delivery *delivery);

/* On the final stop: takes no further order and closes what is open in the ERP. Orders in progress
 * that use it are abandoned; the others may finish. */
void delivery_close(struct delivery *delivery);

/* The number of sessions that are being closed. */
unsigned delivery_closing(const struct delivery *delivery);

/* Starting ends a park. After a stop, orders in progress may finish. text: why it is stopped, for
 * people; may be empty. */
void delivery_start(struct delivery *delivery);
void delivery_stop(struct delivery *delivery, const char *text);

/* An order was placed. */
void delivery_wake(struct delivery *delivery);

/* "running", "parked" or "stopped". */
const char *delivery_state(const struct delivery *delivery);

/* Why it is parked, or NULL. */
const char *delivery_reason(const struct delivery *delivery);

/* The same in the ERP's words, or why it is stopped; or NULL. */
const char *delivery_text(const struct delivery *delivery);

/* Since when its state is as it is (wall clock). */
int64_t delivery_since_ms(const struct delivery *delivery);

/* When it tries the ERP again with one order (wall clock); 0: no probe is planned, because it is
 * not parked, because no order waits, or because a person must start it. */
int64_t delivery_next_probe_ms(const struct delivery *delivery);

/* It is parked, or its last attempts failed for technical reasons. */
bool delivery_troubled(const struct delivery *delivery);

/* What a question came to. outcome: as the driver ended; facts: what it has found; both are
 * borrowed. */
typedef void delivery_answer(enum erp_verdict verdict, const struct erp_outcome *outcome,
                             const struct erp_facts *facts, void *arg);

struct inquiry;

/* Asks the ERP about an order (copied) with the configured credentials; `ended` is called once, in
 * a later turn, unless the inquiry is forgotten before (worker/delivery/inquiry.h). NULL with *err:
 * the worker is parked, stopped or stopping, or has too many questions. */
struct inquiry *delivery_ask(struct delivery *delivery, enum erp_purpose purpose,
                             const struct order *order, delivery_answer *ended, void *arg,
                             struct err *err);

/* 0, or -1 with *err: why the ERP is not asked now. */
int delivery_askable(const struct delivery *delivery, struct err *err);

/* Why no worksheet can be checked, in words; NULL: it can. */
const char *delivery_cannot_check(const struct delivery *delivery);

/* No order is in progress or due. */
bool delivery_rests(const struct delivery *delivery);

/* The number of orders in progress. */
unsigned delivery_in_hand(const struct delivery *delivery);

#endif
