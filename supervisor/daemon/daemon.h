/* The daemon: the configuration, a child for each workshop, and the signals.
 *
 * Owns start and end of the program. Does not know the control API, which observes it. */
#ifndef SUPERVISOR_DAEMON_DAEMON_H
#define SUPERVISOR_DAEMON_DAEMON_H

#include "common/config/key_file.h"
#include "common/config/uids.h"
#include "supervisor/child/child.h"

enum { DAEMON_TERM, DAEMON_INT, DAEMON_HUP, DAEMON_CHILD, DAEMON_SIGNALS };

struct daemon_observer {
    /* its state, process, channel or pushed status has changed */
    void (*changed)(struct child *child, void *arg);
    void (*replied)(struct child *child, const json_t *reply, void *arg);
    void (*orders)(struct child *child, const json_t *events, bool lost, void *arg);
    void (*audited)(struct child *child, const json_t *message, void *arg);
    void (*reopened)(void *arg);     /* log files have been rotated */
    void (*reconfigured)(void *arg); /* workshops or their configurations have changed */
    void (*ending)(void *arg);       /* the last child has gone: the loop runs a little longer */
    void *arg;
};

struct daemon {
    struct event_base *base;
    struct daemon_config *config; /* owned */
    const char *config_path;      /* borrowed */
    struct master_keys keys;      /* owned */
    struct uids *uids;
    struct child_host host;
    /* In the order of config->workshops; after them the leaving ones, whose workshop is no longer
     * configured, until their process has gone: they cannot be found by name, and each owns its
     * configuration. */
    struct child **children;
    size_t child_count; /* of config->workshops */
    size_t total;       /* including leaving ones */
    struct daemon_observer observer;
    struct event *signals[DAEMON_SIGNALS];
    struct event *watchdog;
    struct event *reap;
    int64_t started_ms; /* monotonic */
    int64_t started_wall_ms;
    int64_t stopping_ms; /* monotonic, when stopping became true */
    bool stopping;
    bool leaving; /* the last child has gone */
};

/* Takes over config, which was read from config_path, and keys; the paths are borrowed. */
struct daemon *daemon_new(struct event_base *base, struct daemon_config *config,
                          const char *config_path, const struct master_keys *keys,
                          const char *worker_path);
void daemon_free(struct daemon *daemon);

/* Starts the active workshops and runs the loop until the last child has gone. */
void daemon_run(struct daemon *daemon);

/* Starts a rekey: there is a new master key, and the old one as long as it is needed:
 * key_file_begin, for the configuration and the children too. */
int daemon_new_key(struct daemon *daemon, struct err *err) __attribute__((warn_unused_result));

#endif
