/* The daemon: the configuration, a child for each workshop, and the signals.
 *
 * Owns start and end of the whole. Does not know the control API, which observes it. */
#ifndef SUPERVISOR_DAEMON_H
#define SUPERVISOR_DAEMON_H

#include "supervisor/child.h"

enum { DAEMON_TERM, DAEMON_INT, DAEMON_HUP, DAEMON_CHILD, DAEMON_SIGNALS };

struct daemon_observer {
    void (*changed)(struct child *child, void *arg); /* state, process or channel of it */
    void (*replied)(struct child *child, const json_t *reply, void *arg);
    void *arg;
};

struct daemon {
    struct event_base *base;
    struct daemon_config *config; /* owned */
    unsigned char *master_key;    /* owned, secret memory */
    struct child_host host;
    struct child **children; /* in the order of config->workshops */
    size_t child_count;
    struct daemon_observer observer;
    struct event *signals[DAEMON_SIGNALS];
    struct event *watchdog;
    int64_t started_ms; /* monotonic */
    bool stopping;
};

/* Takes over config and master_key; worker_path is borrowed. */
struct daemon *daemon_new(struct event_base *base, struct daemon_config *config,
                          unsigned char *master_key, const char *worker_path);
void daemon_free(struct daemon *daemon);

/* Starts the active ones and runs the loop until the last child has gone. */
void daemon_run(struct daemon *daemon);

/* By name or slug; NULL where there is none. */
struct child *daemon_find(const struct daemon *daemon, const char *name_or_slug);

#endif
