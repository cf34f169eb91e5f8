/* Asks workshops for what is in their queues, also those that have no process.
 *
 * Owns each question until it is answered: by the workshop's process; if it has none, by one that
 * is started just to read its queue (children_read) and ends when there are no more questions; or,
 * after ASKS_PATIENCE_MS, not at all. A reader gives way to the workshop's own process at once. */
#ifndef SUPERVISOR_ACROSS_ASKS_H
#define SUPERVISOR_ACROSS_ASKS_H

#include "supervisor/daemon/daemon.h"

#define ASKS_PATIENCE_MS 5000
#define ASKS_READERS_MAX 8 /* at once; further ones wait */

enum asked {
    ASKED_REPLY,
    ASKED_EMPTY,  /* there is no queue yet */
    ASKED_NOTHING /* it could not be asked */
};

/* Called once, never from within asks_send. reply: the message `reply`, borrowed, unchecked; NULL
 * unless ASKED_REPLY. */
typedef void ask_done(enum asked asked, const json_t *reply, void *arg);

struct asks;

struct asks *asks_new(struct daemon *daemon);
void asks_free(struct asks *asks); /* each question: ASKED_NOTHING */

/* target: "/orders?status=error", a GET of the workshop API. */
void asks_send(struct asks *asks, struct child *child, const char *target, ask_done *done,
               void *arg);

/* The answers are no longer needed: `done` of this arg is not called again. */
void asks_forget(struct asks *asks, const void *arg);

/* A child's `reply`, of whichever call. */
void asks_replied(struct asks *asks, const struct child *child, const json_t *reply);

/* The child is another one now. */
void asks_changed(struct asks *asks, struct child *child);

#endif
