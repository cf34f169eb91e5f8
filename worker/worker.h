/* One integration, put together: its queue, its ERP's driver, its API and its worker loop, from one
 * slice of configuration. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <event2/event.h>
#include <jansson.h>

#include "common/config/config.h"
#include "common/http/call.h"

struct worker;

struct worker_events {
    void (*changed)(void *arg); /* GET /alive would say something new */
    void (*tick)(void *arg);    /* every five seconds */
    void (*killed)(void *arg);  /* PUT /kill: only a person may start it again */
    void (*kill_browsers)(
        void *arg); /* end our browsers, and say worker_browsers_killed; NULL: not possible */
    void (*resolve)(unsigned id, const char *name, void *arg); /* and say worker_resolved; NULL: it
                                                                   resolves names by itself */
    void *arg;
};

/* slice: see config_slice (borrowed). listen_fd: where it serves. With "maintenance" in the slice
 * it opens its queue, closes what an earlier process left open in the ERP, and neither serves nor
 * delivers: worker_tidying, worker_leaves_open, worker_waiting and worker_free are what is left to
 * call. NULL with *err, whose code "config", "credentials" or "sandbox" means that trying again is
 * of no use. The process gives up its rights here, once: see worker/sandbox/sandbox.h. */
struct worker *worker_start(struct event_base *base, const json_t *slice, int listen_fd,
                            const struct worker_events *events, struct err *err);

/* The sysexits status that says why it did not start: EX_CONFIG, EX_TEMPFAIL or EX_IOERR. */
int worker_exit_status(const struct err *err);

/* Takes no further order, lets those in hand finish, for stop_timeout_s at the most, and then ends
 * the loop. Harmless when repeated. */
void worker_stop(struct worker *worker);

/* Answers a call that came over the channel. */
void worker_call(struct worker *worker, struct call *call);

/* What `kill_browsers` asked for is done: so many were ended. */
void worker_browsers_killed(struct worker *worker, unsigned ended);

/* The answer to `resolve`: {"id", "addresses", "error"}. */
void worker_resolved(struct worker *worker, const json_t *message);

/* The loop ended because the disk failed: the process should end with EX_IOERR. */
bool worker_broken(const struct worker *worker);

/* The loop ended because something that it may reach is another file now, which only a new process
 * can use. */
bool worker_outdated(const struct worker *worker);

/* Stopping: its worker is stopped now, but nobody asked for that. */
bool worker_stopping(const struct worker *worker);

/* It was started for maintenance. */
bool worker_idle(const struct worker *worker);

/* Something in the ERP is being closed; events->changed says when to ask again. */
bool worker_tidying(const struct worker *worker);

/* Something is open in the ERP for another process to close. */
bool worker_leaves_open(const struct worker *worker);

/* It was given an old key, and nothing in its queue is sealed with that any more. */
bool worker_rekeyed(const struct worker *worker);

/* Orders placed or processing. */
unsigned worker_waiting(const struct worker *worker);

/* "running", "parked" or "stopped". */
const char *worker_state(const struct worker *worker);

/* The reply of GET /alive; the caller owns it. */
json_t *worker_alive(const struct worker *worker);

void worker_free(struct worker *worker);

#endif
