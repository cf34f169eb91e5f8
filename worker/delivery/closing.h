/* Closing jobs: they log out and close what a session has opened outside this process (a browser).
 * Each has a few seconds; what is not closed by then stays noted in the queue, and the next process
 * retries. */
#ifndef WORKER_DELIVERY_CLOSING_H
#define WORKER_DELIVERY_CLOSING_H

#include "worker/delivery/delivery.h"
#include "worker/delivery/session.h"

struct closing;

struct closings {
    const struct delivery_setup *setup;
    struct sessions *sessions;
    struct turn *turn;
    struct closing *list;
    void (*done)(void *arg); /* a job has ended, its session is discarded */
    void *arg;
};

/* Takes over the session, which counts as closing; never calls done from inside. */
void closing_start(struct closings *closings, struct session *session);

/* Starts one for everything that an earlier process left open. */
void closings_adopt(struct closings *closings);

/* Abandons those under way; they stay noted. */
void closings_clear(struct closings *closings);

#endif
