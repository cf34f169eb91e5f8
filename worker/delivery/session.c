/* A short list, searched by user and password. */
#include "worker/delivery/session.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"

/* --- one session --- */

static const char *
driver_note(const struct sessions *sessions, const struct session *session)
{
    return sessions->driver->session_note ? sessions->driver->session_note(session->handle) : NULL;
}

bool
session_is_open(const struct sessions *sessions, const struct session *session)
{
    return driver_note(sessions, session) != NULL;
}

static int
set_note(struct sessions *sessions, struct session *session, const char *note, struct err *err)
{
    if (queue_note_session(sessions->queue, session->note, note, err))
        return -1;
    free(session->note);
    session->note = note ? mem_string(note) : NULL;
    return 0;
}

static bool
same_text(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static int
record_memory(struct sessions *sessions, struct session *session,
              const struct credentials *credentials, struct err *err)
{
    const struct erp_driver *driver = sessions->driver;
    const char *memory = driver->session_memory ? driver->session_memory(session->handle) : NULL;

    if (!credentials || same_text(memory, session->memory))
        return 0;
    if (queue_set_memory(sessions->queue, credentials, memory, err))
        return -1;
    secret_free(session->memory);
    session->memory = memory ? secret_string(memory) : NULL;
    return 0;
}

int
session_record(struct sessions *sessions, struct session *session,
               const struct credentials *credentials, struct err *err)
{
    const char *note = driver_note(sessions, session);

    if (!sessions->queue)
        return 0;
    if (record_memory(sessions, session, credentials, err))
        return -1;
    return same_text(note, session->note) ? 0 : set_note(sessions, session, note, err);
}

/* A new session goes on from where the last one with these credentials was. */
static void
remember(struct sessions *sessions, struct session *session, const struct credentials *credentials)
{
    if (!sessions->queue || !sessions->driver->session_remember || !credentials)
        return;
    session->memory = queue_memory(sessions->queue, credentials);
    if (session->memory)
        sessions->driver->session_remember(session->handle, session->memory);
}

static void
session_free(const struct sessions *sessions, struct session *session)
{
    sessions->driver->session_free(session->handle);
    free(session->note);
    secret_free(session->memory);
    free(session);
}

static void
session_drop(struct sessions *sessions, struct session **link)
{
    struct session *session = *link;

    *link = session->next;
    sessions->count--;
    if (session_is_open(sessions, session)) {
        sessions->closing++;
        sessions->close(session, sessions->arg);
    } else {
        session_free(sessions, session);
    }
}

struct session *
session_adopt(struct sessions *sessions, const char *note)
{
    struct session *session = mem_alloc(sizeof *session);

    session->handle = sessions->driver->session_new(sessions->erp);
    sessions->driver->session_adopt(session->handle, note);
    session->note = mem_string(note);
    sessions->closing++;
    return session;
}

void
session_discard(struct sessions *sessions, struct session *session, bool keep)
{
    struct err err;

    if (session->note && !keep && set_note(sessions, session, NULL, &err))
        log_warning("cannot remove the note of a closed ERP session: %s", err.text);
    sessions->closing--;
    session_free(sessions, session);
}

/* --- the list --- */

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

/* What a session is found by. */
struct name {
    const char *username;
    char password_hash[SECRET_HASH_TEXT_BYTES];
};

static struct name
name_of(const struct credentials *credentials)
{
    struct name name = {.username = credentials ? credentials->username : ""};

    secret_token_hash(credentials ? credentials->password : "", name.password_hash);
    return name;
}

static bool
has_name(const struct session *session, const struct name *name)
{
    return strcmp(session->username, name->username) == 0 &&
           strcmp(session->password_hash, name->password_hash) == 0;
}

bool
sessions_make_way(struct sessions *sessions, const struct credentials *credentials)
{
    struct name name = name_of(credentials);
    int64_t now_ms = clock_monotonic_ms();
    struct session **link = &sessions->list;
    bool in_use = false;

    if (!sessions->driver->one_session)
        return true;
    while (*link) {
        bool another = !has_name(*link, &name) || is_stale(*link, now_ms);

        if (another && !(*link)->users) {
            session_drop(sessions, link);
            continue;
        }
        in_use = in_use || another;
        link = &(*link)->next;
    }
    return !in_use && !sessions->closing;
}

static struct session *
session_new(struct sessions *sessions, const struct name *name)
{
    struct session *session = mem_alloc(sizeof *session);

    session->handle = sessions->driver->session_new(sessions->erp);
    text_copy(session->username, sizeof session->username, name->username);
    text_copy(session->password_hash, sizeof session->password_hash, name->password_hash);
    session->next = sessions->list;
    sessions->list = session;
    sessions->count++;
    return session;
}

static struct session *
session_find(struct sessions *sessions, const struct name *name, int64_t now_ms)
{
    struct session **link = &sessions->list;

    while (*link && !has_name(*link, name))
        link = &(*link)->next;
    if (!*link || !is_stale(*link, now_ms))
        return *link;
    session_drop(sessions, link);
    return NULL;
}

struct session *
session_acquire(struct sessions *sessions, const struct credentials *credentials)
{
    struct name name = name_of(credentials);
    int64_t now_ms = clock_monotonic_ms();
    struct session *session = session_find(sessions, &name, now_ms);

    if (!session && sessions->count >= SESSIONS_MAX && oldest_unused(sessions))
        session_drop(sessions, oldest_unused(sessions));
    if (!session) {
        session = session_new(sessions, &name);
        remember(sessions, session, credentials);
    }
    session->users++;
    session->used_ms = now_ms;
    return session;
}

void
session_release(struct session *session)
{
    session->users--;
    session->used_ms = clock_monotonic_ms();
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

/* --- idle sessions --- */

static int64_t
idle_at_ms(const struct sessions *sessions, const struct session *session)
{
    const struct erp_driver *driver = sessions->driver;
    unsigned idle_s =
        driver->session_idle_s && !session->users && session_is_open(sessions, session)
            ? driver->session_idle_s(session->handle)
            : 0;

    return idle_s ? session->used_ms + idle_s * 1000LL : INT64_MAX;
}

int64_t
sessions_idle_at_ms(const struct sessions *sessions)
{
    int64_t first = INT64_MAX;

    for (const struct session *session = sessions->list; session; session = session->next)
        if (idle_at_ms(sessions, session) < first)
            first = idle_at_ms(sessions, session);
    return first;
}

void
sessions_drop_idle(struct sessions *sessions, int64_t now_ms)
{
    for (struct session **link = &sessions->list; *link;)
        if (idle_at_ms(sessions, *link) <= now_ms)
            session_drop(sessions, link);
        else
            link = &(*link)->next;
}

void
sessions_drop_unused(struct sessions *sessions)
{
    for (struct session **link = &sessions->list; *link;)
        if (!(*link)->users)
            session_drop(sessions, link);
        else
            link = &(*link)->next;
}

void
sessions_clear(struct sessions *sessions)
{
    while (sessions->list) {
        struct session *session = sessions->list;

        sessions->list = session->next;
        sessions->count--;
        session_free(sessions, session);
    }
}
