/* The stop: orders in progress finish, replies are sent, what is open in the ERP is closed, and the
 * loop ends. Each has its deadline. */
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
    int64_t read_by_ms;  /* monotonic; for requests that clients have yet to send */
    int64_t close_by_ms; /* monotonic; 0: its sessions are not being closed yet */
};

/* The parts are set before. */
void drain_open(struct drain *drain);
void drain_close(struct drain *drain);

/* Accepts no more connections, and lets orders in progress finish within that time. Clients that
 * have just connected have two seconds of it to send their request. May be repeated. */
void drain_start(struct drain *drain, int64_t within_ms);

/* Lets the replies be sent, for at most a second, without waiting for orders. */
void drain_kill(struct drain *drain);

/* The reply of a kill has been sent. */
void drain_killed(struct drain *drain);

#endif
