/* A short list, found by user and password. */
#include "worker/session.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

static void
session_drop(struct sessions *sessions, struct session **link)
{
    struct session *session = *link;

    *link = session->next;
    sessions->count--;
    sessions->driver->session_free(session->handle);
    free(session);
}

static struct session **
oldest_unused(struct sessions *sessions)
{
    struct session **oldest = NULL;

    for (struct session **link = &sessions->list; *link; link = &(*link)->next)
        if (!(*link)->users && (!oldest || (*link)->used_ms < (*oldest)->used_ms))
            oldest = link;
    return oldest;
}

static bool
is_stale(const struct session *session, int64_t now_ms)
{
    return session->refused_ms && !session->users &&
           now_ms - session->refused_ms >= SESSION_REFUSED_MS;
}

struct session *
session_acquire(struct sessions *sessions, const struct credentials *credentials)
{
    const char *username = credentials ? credentials->username : "";
    char hash[SECRET_HASH_TEXT_BYTES];
    int64_t now = clock_monotonic_ms();
    struct session *session;

    secret_token_hash(credentials ? credentials->password : "", hash);
    for (struct session **link = &sessions->list; *link; link = &(*link)->next) {
        if (strcmp((*link)->username, username) || strcmp((*link)->password_hash, hash))
            continue;
        if (is_stale(*link, now)) {
            session_drop(sessions, link);
            break;
        }
        (*link)->users++;
        (*link)->used_ms = now;
        return *link;
    }
    if (sessions->count >= SESSIONS_MAX && oldest_unused(sessions))
        session_drop(sessions, oldest_unused(sessions));
    session = mem_alloc(sizeof *session);
    session->handle = sessions->driver->session_new(sessions->erp);
    text_copy(session->username, sizeof session->username, username);
    text_copy(session->password_hash, sizeof session->password_hash, hash);
    session->users = 1;
    session->used_ms = now;
    session->next = sessions->list;
    sessions->list = session;
    sessions->count++;
    return session;
}

void
session_release(struct session *session)
{
    session->users--;
}

void
sessions_forget_refused(struct sessions *sessions)
{
    struct session **link = &sessions->list;

    while (*link) {
        if ((*link)->refused_ms && !(*link)->users) {
            session_drop(sessions, link);
            continue;
        }
        (*link)->refused_ms = 0;
        link = &(*link)->next;
    }
}

void
sessions_clear(struct sessions *sessions)
{
    while (sessions->list)
        session_drop(sessions, &sessions->list);
}
