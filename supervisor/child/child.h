/* A child: the supervisor's view of one workshop's process.
 *
 * Owns the wanted state (up, down), the actual state (enum child_state), the listening socket, the
 * channel and one timer, whose meaning depends on the state. Does not know HTTP, nor the clients.
 * Nothing here blocks. */
#ifndef SUPERVISOR_CHILD_CHILD_H
#define SUPERVISOR_CHILD_CHILD_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/config/config.h"
#include "common/ipc/browser_kill.h"
#include "common/order/counters.h"
#include "supervisor/child/rules.h"
#include "supervisor/child/status.h"
#include "supervisor/system/spawn.h"

#define CHILD_KILL_PAUSE_MS 1000

struct child;

/* What children share: what they need from their host, and its callbacks. */
struct child_host {
    struct event_base *base;
    const char *worker_path;
    int (*spawn)(const char *path, const struct spawn_sockets *sockets, struct spawned *spawned,
                 struct err *err);
    json_t *(*slice)(const struct child *child, void *arg); /* first message; the caller owns it */
    bool (*own_driver)(const struct child *child, void *arg); /* see config_webdriver_own */
    const char *(*log_dir)(void *arg);                        /* borrowed; empty: no log files */
    unsigned kill_pause_ms; /* from the start of one search for browsers to that of the next */
    /* The state, the process, the channel or the pushed status has changed. Must not call back. */
    void (*changed)(struct child *child, void *arg);
    void (*replied)(struct child *child, const json_t *reply, void *arg);
    /* What happens to orders, while child->watched; lost: some are left out. */
    void (*orders)(struct child *child, const json_t *events, bool lost, void *arg);
    /* Something was changed on its port. */
    void (*audited)(struct child *child, const json_t *message, void *arg);
    void *arg;
};

/* Written only by child.c; others may read it. */
struct child {
    const struct workshop_config *workshop; /* borrowed */
    const struct child_host *host;          /* borrowed */
    enum child_wanted wanted;
    enum child_state state;
    pid_t pid; /* 0: no process */
    struct chan *chan;
    char *queue;   /* owned; NULL: the default one for its slug, in STATE/queues */
    int listen_fd; /* -1: closed; stays open over restarts, so that clients wait in its backlog */
    struct driver_unit *driver; /* its own WebDriver server; up unless the child is at rest */
    struct child_log *log;      /* what its process logs; NULL: no process */
    struct event *timer;
    struct event *knock;  /* a client connects; NULL: this process is not asleep, see child_heard */
    bool was_ready;       /* this process has sent `ready` */
    bool asked;           /* this process is stopping because of a restart */
    bool idle;            /* this process does maintenance: see child_maintain */
    bool reads;           /* a child only for that, which reads the queue: see children_read */
    bool tries;           /* it only tests the connection to the ERP: see child_try */
    json_t *order;        /* … by a dry run of this order; owned; NULL: by logging in */
    bool attention_free;  /* no process has changed its queue since none of its orders needed
                             attention; of supervisor/across */
    unsigned tokens_sent; /* to this process, which has not yet confirmed them */
    unsigned watches_sent; /* likewise */
    bool told;             /* this process knows both keys of the current rekey */
    bool misspoke;         /* it has sent an invalid message, which was logged */
    bool rekeyed; /* it, or the previous process, has sealed its whole queue with the new key */
    bool worker_wanted;   /* as set by stop_worker and start_worker; outlives the process */
    bool worker_known;    /* this daemon knows; otherwise the queue does */
    unsigned failures;    /* consecutive tries that did not become ready */
    int64_t ready_ms;     /* monotonic: when this process sent `ready` */
    unsigned short_lives; /* consecutive processes that ended soon after that */
    unsigned unanswered;  /* pings since the last pong */
    bool waited_for_disk; /* this process; it was logged */
    unsigned restarts;    /* unrequested ends, without those of `renews` */
    struct child_exit last_exit;
    char last_error[512];       /* why it is not running; empty: it is, or was never meant to */
    struct child_status status; /* last pushed */
    struct counters counters;   /* of this process, pushed with it; last_success_ms outlives it */
    bool watched;               /* what happens to its orders is to be told */
    int64_t alive_ms;           /* monotonic: when it was pushed */
    int64_t attention_ms; /* pushed with it: when the newest order that needs attention was placed;
                             0: none */
    char *view;           /* cached by monitoring/view.c; NULL: out of date */
    json_int_t waiting; /* orders placed or processing when the last process closed its queue; -1: a
                           process is running, or it did not get that far */
    bool renews;        /* the last process ended only to start again with replaced files */
    bool left_open;     /* the last process reported something open in the ERP */
    char mark[BROWSER_MARK_BYTES]; /* of the browsers that it opens; empty: it opens none */
    struct killer *killer;         /* the running search; NULL: none */
    bool kill_again;               /* requested since then, perhaps by another process */
    int64_t killed_browsers_ms;    /* monotonic, start of the last search */
    struct event *kill_timer;      /* until the next one */
    unsigned browsers_killed;      /* killed, but not yet reported */
    json_t *token_uses;            /* {HASH: wall clock}: when its tokens were last used */
    json_t *hosts;                 /* named in its configuration, so it may ask for them */
    LIST_HEAD(, child_lookup) lookups;
    int64_t lookup_second;
    unsigned lookups_asked; /* in that second */
    /* Of control/record.c. */
    int64_t record_due_ms; /* monotonic */
    unsigned unrecorded;
};

struct child *child_new(const struct child_host *host, const struct workshop_config *workshop);

/* Replaces its configuration (borrowed): a running process keeps the old one, the next process gets
 * the new one. If the listening address changes, the listener closes now. */
void child_configure(struct child *child, const struct workshop_config *workshop);

/* Hands the tokens of its configuration to its process, if there is one. */
void child_send_tokens(struct child *child);

/* There is a new key, which its process does not know yet. */
void child_new_key(struct child *child);

/* Frees the child; a running process ends when it sees the closed channel. */
void child_free(struct child *child);

/* A child with a faulty configuration becomes FAILED. */
void child_start(struct child *child);

/* Graceful: the current order may finish within stop_timeout_s. The listener closes now. */
void child_stop(struct child *child);

/* Graceful, then up again; the listener stays open. Same as start if nothing runs. */
void child_restart(struct child *child);

void child_kill(struct child *child);

/* Reopens the log files of its process, if any, after a rotation. */
void child_reopen_logs(struct child *child);

/* For a child at rest: a process opens its queue, closes what is open in the ERP and exits, without
 * serving. A child does so by itself if it may have left something open in the ERP. Meanwhile it is
 * `starting` or `stopping`; then it is at rest again, unless it was started or stopped meanwhile,
 * with `waiting` at least 0 on success. -1 with *err: the process could not be started. */
int child_maintain(struct child *child, struct err *err) __attribute__((warn_unused_result));

/* The same for a test of the connection: the process replies, once, and exits. For a child of its
 * own that is in no list. */
int child_try(struct child *child, struct err *err) __attribute__((warn_unused_result));

/* waitpid() has returned its pid with this status. */
void child_reaped(struct child *child, int status);

/* Whether host->orders is called for it; also for later processes. */
void child_watch(struct child *child, bool on);

/* Whether its process, if any, knows. */
bool child_watch_confirmed(const struct child *child);

/* Something that the host is told of has changed: drops the cached view. */
void child_changed(struct child *child);

/* Sends a message (borrowed). False if there is no channel to a running process. */
bool child_send(struct child *child, const json_t *message);

/* Its configuration is faulty: it is FAILED, even if wanted up, until it gets another one. */
bool child_is_faulty(const struct child *child);

/* No process, and none will start by itself. */
bool child_at_rest(const struct child *child);

#endif
