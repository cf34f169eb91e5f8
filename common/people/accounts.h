/* The console's accounts: one file of mode 0600, written by pumplinectl and by the console when
 * a password is changed. It contains hashes only.
 *
 *   {"accounts": [{"name": "ann", "roles": {"*": "reader", "bennys-auto": "manager"},
 *     "password": "$argon2id$…" | null, "epoch": 3, "link": null | {"hash": "…", "until_ms": …}}]}
 *
 * A role holds for the workshop of that slug, or for all ("*"); the higher of the two counts. Each
 * new password raises the epoch, which ends the sessions of the earlier one. */
#ifndef COMMON_PEOPLE_ACCOUNTS_H
#define COMMON_PEOPLE_ACCOUNTS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"

#define ACCOUNT_NAME_MAX 64
#define ACCOUNT_HASH_BYTES 128 /* crypto_pwhash_STRBYTES */
#define ACCOUNT_PASSWORD_MIN 10
#define ACCOUNT_PASSWORD_MAX 512
#define ACCOUNT_LINK_MS (15LL * 60 * 1000)

/* Each includes those before it. */
enum role { ROLE_NONE, ROLE_READER, ROLE_MANAGER, ROLE_OPERATOR, ROLE_ADMIN, ROLES };

const char *role_name(enum role role);

/* ROLE_NONE if there is no such role. */
enum role role_find(const char *name);

/* Whether name can be an account's: a-z, 0-9 and ". _ - @", as it is sent in a header field. */
bool account_name_sound(const char *name);

/* The whole file, checked; the caller owns it. Without a file there are no accounts. NULL with
 * *err, code "accounts". */
json_t *accounts_read(const char *path, struct err *err);

/* Locks the file, reads it, calls change and, if that returns 0, replaces the file. -1 with *err:
 * "busy" if another program is changing it, and wait is false. */
int accounts_change(const char *path, bool wait,
                    int (*change)(json_t *accounts, void *arg, struct err *err), void *arg,
                    struct err *err);

/* Borrowed; NULL if there is none. accounts is the file or its member. */
json_t *accounts_find(const json_t *accounts, const char *name);

/* The role for a workshop; slug NULL: the one for all workshops. */
enum role account_role(const json_t *account, const char *slug);

/* The highest role for any workshop. */
enum role account_highest(const json_t *account);

/* Stores another password, raises the epoch and withdraws a link. */
void account_set_password(json_t *account, const char *hash);

/* A link for one login within ACCOUNT_LINK_MS: returns its token, for secret_free. */
char *account_link_new(json_t *account);

/* The account that this link belongs to, borrowed, or NULL. */
json_t *accounts_by_link(const json_t *accounts, const char *token);

/* Hashes a password, slowly and with much memory, on purpose. -1: no memory. */
int account_hash(const char *password, char hash[ACCOUNT_HASH_BYTES]);

/* Whether the password fits the hash; takes as long. */
bool account_hash_fits(const char *hash, const char *password);

#endif
