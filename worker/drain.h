/* The way out: the orders in hand finish, the replies leave, what is open in the ERP is closed, and
 * the loop ends. Each has its time. */
#ifndef WORKER_DRAIN_H
#define WORKER_DRAIN_H

#include "common/http/server.h"
#include "worker/api/api.h"

/* Everything but timer and times is borrowed for its life. */
struct drain {
    struct event_base *base;
    struct queue *queue;
    struct delivery *delivery;
    struct api *api;
    struct http_server *server;
    struct event *timer;
    int64_t stop_by_ms;  /* monotonic; 0: not stopping */
    int64_t close_by_ms; /* monotonic; 0: its sessions are not being closed yet */
};

/* The parts are set before. */
void drain_open(struct drain *drain);
void drain_close(struct drain *drain);

/* Takes nothing more, and lets what is in hand finish within that time. Harmless when repeated. */
void drain_start(struct drain *drain, int64_t within_ms);

/* Lets the replies leave, a second at the most, and waits for no order. */
void drain_kill(struct drain *drain);

/* The reply of a kill has left. */
void drain_killed(struct drain *drain);

#endif
