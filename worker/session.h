/* Sessions with the ERP: what attempts under the same credentials share, so that one login serves
 * many orders. */
#ifndef WORKER_SESSION_H
#define WORKER_SESSION_H

#include "common/secret.h"
#include "erp-drivers/driver.h"

#define SESSIONS_MAX 16
#define SESSION_REFUSED_MS 600000 /* how long refused credentials are not tried again */

struct session {
    struct session *next;
    void *handle; /* the driver's */
    char username[ORDER_VALUE_MAX + 1];
    char password_hash[SECRET_HASH_TEXT_BYTES]; /* keyed by nothing: compared, never stored on disk
                                                 */
    unsigned users;
    int64_t used_ms;    /* monotonic */
    int64_t refused_ms; /* monotonic; 0: not refused */
};

struct sessions {
    const struct erp_driver *driver;
    const json_t *erp;
    struct session *list;
    unsigned count;
};

/* The session of these credentials (NULL: none), made where there is none yet. Counts a user:
 * session_release. */
struct session *session_acquire(struct sessions *sessions, const struct credentials *credentials);
void session_release(struct session *session);

/* Refused credentials may be tried again. */
void sessions_forget_refused(struct sessions *sessions);

/* Drops all; nobody may use one any more. */
void sessions_clear(struct sessions *sessions);

#endif
