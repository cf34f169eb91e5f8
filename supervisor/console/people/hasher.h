/* Checks and makes password hashes in a process of its own, one at a time: each takes 64 MiB and a
 * tenth of a second of a processor, and the loop must not wait for that. */
#ifndef SUPERVISOR_CONSOLE_PEOPLE_HASHER_H
#define SUPERVISOR_CONSOLE_PEOPLE_HASHER_H

#include <event2/event.h>

#include "common/people/accounts.h"

#define HASHER_WAITING_MAX 32

struct hasher;

/* hash: of the new password, or the one that was checked; valid during the call. */
typedef void hasher_fn(bool good, const char *hash, void *arg);

/* Forks; call it before there are threads or secrets, and before the sandbox. Returns the
 * descriptor for hasher_new. Aborts on failure. */
int hasher_start(const char *sandbox_mode);

/* on_gone: the process has ended, and so must the console. */
struct hasher *hasher_new(struct event_base *base, int fd, void (*on_gone)(void *arg), void *arg);
void hasher_free(struct hasher *hasher);

/* hash NULL: there is no such account. That takes the same time and is never good. -1: too many
 * are waiting. */
int hasher_check(struct hasher *hasher, const char *password, const char *hash, hasher_fn *done,
                 void *arg);
int hasher_make(struct hasher *hasher, const char *password, hasher_fn *done, void *arg);

#endif
