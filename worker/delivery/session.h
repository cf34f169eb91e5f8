/* Sessions with the ERP: what attempts with the same credentials share, so that one login serves
 * many orders.
 *
 * A session that has opened something outside this process (according to the driver's note) is
 * never just dropped: it gets a closing job. Its note stays in the queue while it is open. */
#ifndef WORKER_DELIVERY_SESSION_H
#define WORKER_DELIVERY_SESSION_H

#include "common/base/secret.h"
#include "erp-drivers/driver.h"
#include "worker/queue/queue.h"

#define SESSIONS_MAX 16
#define SESSION_REFUSED_MS 600000 /* how long refused credentials are not retried */

struct session {
    struct session *next;
    void *handle; /* owned by the driver */
    char *note;   /* as it is on disk; NULL: none is */
    char *memory; /* the same; guarded */
    char username[ORDER_VALUE_MAX + 1];
    char password_hash[SECRET_HASH_TEXT_BYTES]; /* keyed by nothing: compared, never stored on disk
                                                 */
    unsigned users;
    int64_t used_ms;    /* monotonic: when a user was last added or removed */
    int64_t refused_ms; /* monotonic; 0: not refused */
};

struct sessions {
    const struct erp_driver *driver;
    const json_t *erp;
    struct queue *queue; /* stores notes and memories; NULL: nothing does */
    struct session *list;
    unsigned count;
    unsigned closing; /* sessions passed to `close` that are not discarded yet */
    /* Takes over a session with something open; session_discard follows. NULL for a driver without
     * notes. */
    void (*close)(struct session *session, void *arg);
    void *arg;
};

/* Whether a job with these credentials (NULL: none) may acquire its session now. If the driver
 * allows only one session at a time, the current one is closed first: ask again when it is
 * discarded, or when a job has released it. */
bool sessions_make_way(struct sessions *sessions, const struct credentials *credentials);

/* The session of these credentials (NULL: none), created if there is none. Counts a user:
 * session_release. */
struct session *session_acquire(struct sessions *sessions, const struct credentials *credentials);
void session_release(struct session *session);

/* Whether it has something open. */
bool session_is_open(const struct sessions *sessions, const struct session *session);

/* Writes the driver's current note, and what it must remember for these credentials (NULL: a
 * closing job has none), to disk. -1 with *err on failure. */
int session_record(struct sessions *sessions, struct session *session,
                   const struct credentials *credentials, struct err *err);

/* A session outside the list for what a dead process left with this note; it counts as closing. */
struct session *session_adopt(struct sessions *sessions, const char *note);

/* The end of a session that was being closed. Its note stays on disk if `keep` is true. */
void session_discard(struct sessions *sessions, struct session *session, bool keep);

/* Refused credentials may be retried. */
void sessions_forget_refused(struct sessions *sessions);

/* When the next session will have been idle for too long (monotonic); INT64_MAX: never. */
int64_t sessions_idle_at_ms(const struct sessions *sessions);

/* Drops unused sessions: idle ones only, or all. */
void sessions_drop_idle(struct sessions *sessions, int64_t now_ms);
void sessions_drop_unused(struct sessions *sessions);

/* Frees all sessions; none may be used any more. What is open stays open, and noted. */
void sessions_clear(struct sessions *sessions);

#endif
