/* Who is signed in. A session is 32 random bytes in a cookie; only their hash is kept, in memory
 * and in a file beside the accounts, so that they survive a restart. */
#ifndef SUPERVISOR_CONSOLE_PEOPLE_SESSIONS_H
#define SUPERVISOR_CONSOLE_PEOPLE_SESSIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/people/accounts.h"

#define SESSIONS_MAX 4096
#define SESSIONS_PER_ACCOUNT 32 /* beyond, the oldest one ends */

struct sessions;

struct session {
    char hash[65]; /* BLAKE2b of the cookie's value, hexadecimal */
    char name[ACCOUNT_NAME_MAX + 1];
    int64_t epoch, created_ms, seen_ms;
};

/* path is read if it exists; a file that cannot be read ends all sessions. */
struct sessions *sessions_open(const char *path, int64_t idle_ms, int64_t absolute_ms);
void sessions_close(struct sessions *sessions);

/* A new session: returns the cookie's value, for secret_free. */
char *sessions_new(struct sessions *sessions, const json_t *account);

/* The session of this cookie's value, which counts as seen now; NULL: none, or it has expired or
 * belongs to an earlier epoch of its account. */
const struct session *sessions_find(struct sessions *sessions, const char *token,
                                    const json_t *accounts);

/* Whether it still holds, without counting as seen. */
bool sessions_hold(const struct sessions *sessions, const char *hash, const json_t *accounts);

/* Ends the one with this hash, or with NULL all of the account. */
void sessions_end(struct sessions *sessions, const char *name, const char *hash);

/* [{"created_at", "seen_at", "current"}] */
json_t *sessions_list(const struct sessions *sessions, const char *name, const char *current);

#endif
