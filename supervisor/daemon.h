/* The daemon: the configuration, a child for each workshop, and the signals.
 *
 * Owns start and end of the whole. Does not know the control API, which observes it. */
#ifndef SUPERVISOR_DAEMON_H
#define SUPERVISOR_DAEMON_H

#include "common/key_file.h"
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
    const char *config_path;      /* borrowed */
    struct master_keys keys;      /* owned */
    struct child_host host;
    /* In the order of config->workshops; after them those whose workshop is no longer in it, until
     * their process has gone: nobody finds them, and each owns its configuration. */
    struct child **children;
    size_t child_count; /* of config->workshops */
    size_t total;       /* with those that are leaving */
    struct daemon_observer observer;
    struct event *signals[DAEMON_SIGNALS];
    struct event *watchdog;
    struct event *sweep;
    int64_t started_ms;  /* monotonic */
    int64_t stopping_ms; /* monotonic, when stopping became true */
    bool stopping;
};

/* Takes over config, which config_path was read into, and keys; the paths are borrowed. */
struct daemon *daemon_new(struct event_base *base, struct daemon_config *config,
                          const char *config_path, const struct master_keys *keys,
                          const char *worker_path);
void daemon_free(struct daemon *daemon);

/* Starts the active ones and runs the loop until the last child has gone. */
void daemon_run(struct daemon *daemon);

/* By name or slug; NULL where there is none. */
struct child *daemon_find(const struct daemon *daemon, const char *name_or_slug);

/* The configuration that a leaving child owns, for its owner to free. */
struct workshop_config *daemon_own_config(const struct child *child);

/* Frees those of the leaving children that are at rest, once the loop runs. */
void daemon_sweep(struct daemon *daemon);

#endif
