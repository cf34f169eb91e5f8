/* One integration: its queue, its ERP's driver, its API and its worker loop, built from one slice
 * of configuration. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <event2/event.h>
#include <jansson.h>

#include "common/config/config.h"
#include "common/http/call.h"
#include "common/order/counters.h"

struct queue_event;
struct worker;

struct worker_events {
    void (*changed)(void *arg); /* the reply of GET /alive has changed */
    void (*tick)(void *arg); /* every ten seconds, asleep every ten minutes; and when it wakes up */
    void (*order)(const struct queue_event *event, void *arg); /* an order has become this; NULL:
                                                                  not reported */
    void (*killed)(void *arg); /* PUT /kill: only a person may start it again */
    void (*kill_browsers)(
        void *arg); /* kill our browsers, then call worker_browsers_killed; NULL: not possible */
    void (*token_used)(const char *hash, int64_t at_ms, void *arg); /* NULL: not recorded */
    void (*resolve)(unsigned id, const char *name,
                    void *arg); /* then worker_resolved; NULL: by itself */
    /* A client has changed something through the port, with this result. NULL: there is no audit
     * trail. */
    void (*audit)(const struct call *call, int status, const char *body, size_t length, void *arg);
    void *arg;
};

/* slice: see config_slice (borrowed). listen_fd: where it serves. With "maintenance" in the slice
 * it opens its queue, closes what an earlier process left open in the ERP, and neither serves nor
 * delivers: then only worker_tidying, worker_leaves_open, worker_waiting and worker_free may be
 * called. NULL with *err, whose code "config", "credentials" or "sandbox" means that a retry is
 * useless. The process drops its privileges here, once: see common/sandbox/sandbox.h. */
struct worker *worker_start(struct event_base *base, const json_t *slice, int listen_fd,
                            const struct worker_events *events, struct err *err);

/* The sysexits status that says why it did not start: EX_CONFIG, EX_TEMPFAIL or EX_IOERR. */
int worker_exit_status(const struct err *err);

/* Takes no further order, lets those in progress finish, for at most stop_timeout_s, and then ends
 * the loop. May be repeated. */
void worker_stop(struct worker *worker);

/* Answers a call that came over the channel. */
void worker_call(struct worker *worker, struct call *call);

/* The request `kill_browsers` is done; the number of browsers killed. */
void worker_browsers_killed(struct worker *worker, unsigned ended);

/* The answer to `resolve`: {"id", "addresses", "error"}. */
void worker_resolved(struct worker *worker, const json_t *message);

/* The port's tokens have changed: the array, or NULL (borrowed). */
void worker_set_tokens(struct worker *worker, const json_t *tokens);

/* Calls token_used for each token that was ever used. */
void worker_tell_uses(const struct worker *worker);

/* The loop ended because the disk failed: the process should exit with EX_IOERR. */
bool worker_broken(const struct worker *worker);

/* The loop ended because something that it has access to was replaced by another file, which only a
 * new process can access. */
bool worker_outdated(const struct worker *worker);

/* Stopping: its worker is stopped now, but not by a request. */
bool worker_stopping(const struct worker *worker);

/* It has nothing to do: no connection is open, nothing waits. It wakes up, and calls tick, before
 * it serves the next client. */
bool worker_asleep(const struct worker *worker);

/* It was started for maintenance. */
bool worker_idle(const struct worker *worker);

/* It only reads its queue: see children_read. worker_call may be called. */
bool worker_reads(const struct worker *worker);

/* Something in the ERP is being closed; ask again after events->changed. */
bool worker_tidying(const struct worker *worker);

/* Something is open in the ERP for another process to close. */
bool worker_leaves_open(const struct worker *worker);

/* It was given an old key, and nothing in its queue is sealed with that any more. */
bool worker_rekeyed(const struct worker *worker);

/* Orders placed or processing. */
unsigned worker_waiting(const struct worker *worker);

/* "running", "parked" or "stopped". */
const char *worker_state(const struct worker *worker);

/* What it has counted, see common/order/counters.h. */
void worker_counters(const struct worker *worker, struct counters *counters);

/* When its newest order that needs attention was placed, in wall-clock ms; 0: there is none. */
int64_t worker_newest_attention(const struct worker *worker);

/* The reply of GET /alive; the caller owns it. */
json_t *worker_alive(const struct worker *worker);

void worker_free(struct worker *worker);

#endif
