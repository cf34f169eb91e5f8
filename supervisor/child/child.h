/* A child: the supervisor's view of one workshop's process.
 *
 * Owns what is wanted (up, down), what is (enum child_state), the listening socket, the channel and
 * the one timer, whose meaning is the state's. Does not know HTTP, nor who asks. Nothing here
 * blocks. */
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
#include "supervisor/child/rules.h"
#include "supervisor/system/spawn.h"

#define CHILD_KILL_PAUSE_MS 1000

struct child;

/* What children share: the world as they need it, and who hears of them. */
struct child_host {
    struct event_base *base;
    const char *worker_path;
    int (*spawn)(const char *path, const struct spawn_sockets *sockets, struct spawned *spawned,
                 struct err *err);
    json_t *(*slice)(const struct child *child, void *arg);   /* first message, given away */
    bool (*own_driver)(const struct child *child, void *arg); /* see config_webdriver_own */
    const char *(*log_dir)(void *arg);                        /* borrowed; empty: no log files */
    unsigned kill_pause_ms; /* of browsers, from the beginning of one kill to that of the next */
    /* The state, the process, the channel or what it pushed is another one now. Must not call back.
     */
    void (*changed)(struct child *child, void *arg);
    void (*replied)(struct child *child, const json_t *reply, void *arg);
    void *arg;
};

/* Others read it; only child.c writes it. */
struct child {
    const struct workshop_config *workshop; /* borrowed */
    const struct child_host *host;          /* borrowed */
    enum child_wanted wanted;
    enum child_state state;
    pid_t pid; /* 0: no process */
    struct chan *chan;
    char *queue;   /* owned; NULL: the one of its slug, in STATE/queues */
    int listen_fd; /* -1: closed; kept open over restarts, so that clients wait in its backlog */
    struct driver_unit *driver; /* its own WebDriver server; up while the child does not rest */
    struct child_log *log;      /* what its process says there; NULL: no process */
    struct event *timer;
    bool was_ready;       /* this process has said `ready` */
    bool asked;           /* this process goes because a restart was asked for */
    bool idle;            /* this process is there for maintenance: see child_maintain */
    bool told;            /* this process knows both keys of the rekey that is under way */
    bool misspoke;        /* it has sent what no worker sends, which was logged */
    bool rekeyed;         /* it, or the last process, has sealed its whole queue with the new one */
    bool worker_wanted;   /* as stop_worker and start_worker left it; outlives the process */
    unsigned failures;    /* tries in a row that did not become ready */
    int64_t ready_ms;     /* monotonic: when this process said `ready` */
    unsigned short_lives; /* processes in a row that ended soon after that */
    unsigned unanswered;  /* pings since the last pong */
    unsigned restarts;    /* that nobody asked for */
    struct child_exit last_exit;
    char last_error[512]; /* why it is not running; empty: it is, or was never meant to */
    json_t *alive;        /* as it last pushed it; NULL without a process */
    json_int_t waiting;   /* orders placed or processing when the last process closed its queue; -1:
                             there is one, or it did not come to it */
    bool left_open;       /* the last process said that something is open in the ERP */
    char mark[BROWSER_MARK_BYTES]; /* of the browsers that it opens; empty: it opens none */
    struct killer *killer;         /* is at it; NULL: none is */
    bool kill_again;               /* asked for since then, perhaps by another process */
    int64_t killed_browsers_ms;    /* monotonic, when the last one began */
    struct event *kill_timer;      /* to the next one */
    unsigned browsers_killed;      /* ended by those that were not answered yet */
    json_t *hosts;                 /* that its configuration names, and it may ask for */
    LIST_HEAD(, child_lookup) lookups;
    int64_t lookup_second;
    unsigned lookups_asked; /* in that second */
};

struct child *child_new(const struct child_host *host, const struct workshop_config *workshop);

/* From now on this is its configuration (borrowed): a process that runs keeps what it was told, the
 * next one gets it. A listener at another address closes now. */
void child_configure(struct child *child, const struct workshop_config *workshop);

/* There is a new key that its process does not know. */
void child_new_key(struct child *child);

/* Closes what it holds; a process that is still there is left to the end of its channel. */
void child_free(struct child *child);

/* One whose configuration is faulty has failed. */
void child_start(struct child *child);

/* Graceful: the order in hand finishes within stop_timeout_s. The listener closes now. */
void child_stop(struct child *child);

/* Graceful, then up again; the listener stays open. The same as start where nothing runs. */
void child_restart(struct child *child);

void child_kill(struct child *child);

/* Opens the log files of its process again, if there is one: they were rotated. */
void child_reopen_logs(struct child *child);

/* For a child at rest: a process opens its queue, closes what is open in the ERP and ends, serving
 * nobody. A child does so by itself where its ERP may be left with something open. Meanwhile it is
 * `starting` or `stopping`; then it is at rest as before, unless it was started or stopped
 * meanwhile, with `waiting` at least 0 where all went well. -1 with *err: there is no process. */
int child_maintain(struct child *child, struct err *err) __attribute__((warn_unused_result));

/* waitpid() has returned its pid with this status. */
void child_reaped(struct child *child, int status);

/* Sends a message (borrowed). False where there is no channel to a running process. */
bool child_send(struct child *child, const json_t *message);

/* Its configuration has faults: it has failed, whatever is wanted, until it has another one. */
bool child_is_faulty(const struct child *child);

/* No process, and none to come by itself. */
bool child_at_rest(const struct child *child);

#endif
