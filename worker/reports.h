/* What a worker reports to its supervisor, unasked. For channel.c only. */
#ifndef WORKER_REPORTS_H
#define WORKER_REPORTS_H

#include "worker/trial.h"
#include "worker/worker.h"

struct channel {
    struct event_base *base;
    struct chan *chan;
    int listen_fd; /* until the worker owns it */
    struct worker *worker;
    struct trial *trial; /* instead of a worker */
    struct event *status;
    bool status_soon;
    bool watched;   /* a client wants the events of orders */
    json_t *orders; /* not told yet; NULL: none */
    bool orders_lost;
    unsigned quiet;          /* ticks since the last status */
    const char *worker_told; /* the worker's state in the last status */
    int exit_status;
};

/* A message of a type alone. */
void report_simple(struct channel *m, const char *type);

void report_ready(struct channel *m);

/* A sign of life. */
void report_alive(struct channel *m);

/* The status, now: the function of m->status. */
void report_on_status(evutil_socket_t fd, short what, void *m);

/* Ends a maintenance process once nothing is left to do. */
void report_maintained(struct channel *m);

void report_on_kill_browsers(void *m);
void report_on_resolve(unsigned id, const char *name, void *m);

/* What a worker calls; its members report. */
struct worker_events report_events(struct channel *m);

#endif
