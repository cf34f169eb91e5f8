/* Sessions with the ERP: what attempts under the same credentials share, so that one login serves
 * many orders.
 *
 * One that has opened something outside this process (the driver's note says so) is never just
 * dropped: its closing job gets it. Its note stays in the queue while it is open. */
#ifndef WORKER_DELIVERY_SESSION_H
#define WORKER_DELIVERY_SESSION_H

#include "common/base/secret.h"
#include "erp-drivers/driver.h"
#include "worker/queue/queue.h"

#define SESSIONS_MAX 16
#define SESSION_REFUSED_MS 600000 /* how long refused credentials are not tried again */

struct session {
    struct session *next;
    void *handle; /* the driver's */
    char *note;   /* as it is on disk; NULL: none is */
    char username[ORDER_VALUE_MAX + 1];
    char password_hash[SECRET_HASH_TEXT_BYTES]; /* keyed by nothing: compared, never stored on disk
                                                 */
    unsigned users;
    int64_t used_ms;    /* monotonic: when a user came or went last */
    int64_t refused_ms; /* monotonic; 0: not refused */
};

struct sessions {
    const struct erp_driver *driver;
    const json_t *erp;
    struct queue *queue; /* keeps the notes; NULL for a driver without any */
    struct session *list;
    unsigned count;
    unsigned closing; /* sessions that `close` has and that are not discarded yet */
    /* Takes over a session that is open; session_discard in the end. NULL for a driver without
     * notes. */
    void (*close)(struct session *session, void *arg);
    void *arg;
};

/* Whether a job with these credentials (NULL: none) may acquire its session now. Where the driver
 * wants one session at a time, the present one is closed first: ask again when it is discarded, or
 * when somebody has released it. */
bool sessions_make_way(struct sessions *sessions, const struct credentials *credentials);

/* The session of these credentials (NULL: none), made where there is none yet. Counts a user:
 * session_release. */
struct session *session_acquire(struct sessions *sessions, const struct credentials *credentials);
void session_release(struct session *session);

/* Whether it has something open. */
bool session_is_open(const struct sessions *sessions, const struct session *session);

/* Brings the note on disk up to the driver's. -1 with *err where it can't be written. */
int session_record(struct sessions *sessions, struct session *session, struct err *err);

/* A session outside the list that stands for what a dead process left with this note; it counts as
 * being closed. */
struct session *session_adopt(struct sessions *sessions, const char *note);

/* The end of one that was being closed. Its note stays on disk where `keep` is true. */
void session_discard(struct sessions *sessions, struct session *session, bool keep);

/* Refused credentials may be tried again. */
void sessions_forget_refused(struct sessions *sessions);

/* When the next one has been without a job for too long (monotonic); INT64_MAX: none ever. */
int64_t sessions_idle_at_ms(const struct sessions *sessions);

/* Drops unused sessions: the idle ones, or all. */
void sessions_drop_idle(struct sessions *sessions, int64_t now_ms);
void sessions_drop_unused(struct sessions *sessions);

/* Frees all sessions; none may be used any more. What is open stays open, and noted. */
void sessions_clear(struct sessions *sessions);

#endif
