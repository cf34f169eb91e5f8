/* The worker loop, for delivery.c, state.c and pump.c only. */
#ifndef WORKER_DELIVERY_INTERNAL_H
#define WORKER_DELIVERY_INTERNAL_H

#include "worker/delivery/closing.h"
#include "worker/delivery/delivery.h"
#include "worker/delivery/inquiry.h"
#include "worker/delivery/job.h"
#include "worker/delivery/turn.h"

#define NEVER INT64_MAX

enum delivery_state { STOPPED, RUNNING, PARKED };

struct delivery {
    struct delivery_setup setup;
    enum delivery_state state;
    const char *reason;                   /* why it is parked; static */
    char text[ORDER_REASON_TEXT_MAX + 1]; /* the same in the ERP's words, or why it is stopped */
    int64_t since_ms;                     /* wall clock */
    unsigned limit;                       /* orders in progress */
    struct turn *turn;
    struct jobs jobs;
    struct inquiries inquiries;
    struct closings closings;
    bool ending;
    unsigned failures;                     /* technical, consecutive */
    char last_failed[ORDER_VALUE_MAX + 1]; /* uniqueid of the last of them */
    unsigned probes;                       /* failed probes since it was parked */
    int64_t probe_ms;       /* wall clock; NEVER: no probe, a person must start the worker */
    int64_t pause_until_ms; /* monotonic: the queue cannot be written until then */
    struct event *pump;     /* checks for due orders, in a turn of its own */
    struct event *timer;    /* the next due order, probe or end of the pause */
    struct event *idle;     /* a session has been idle for too long */
};

/* state.c */

/* What a job's end says about the ERP: for jobs.ended. */
void delivery_job_ended(enum policy_sign sign, const char *uniqueid,
                        const struct erp_outcome *outcome, void *arg);

/* pump.c */

void delivery_pump_soon(struct delivery *d);

/* Starts what is due: orders, then questions. */
void delivery_on_pump(evutil_socket_t fd, short what, void *arg);

#endif
