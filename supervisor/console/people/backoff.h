/* How long a client waits after wrong passwords before the next one is checked. */
#ifndef SUPERVISOR_CONSOLE_PEOPLE_BACKOFF_H
#define SUPERVISOR_CONSOLE_PEOPLE_BACKOFF_H

#include <stdint.h>

/* Of an account at most a minute, so that a stranger cannot lock its owner out for long. */
#define BACKOFF_FREE 5
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_USER_MAX_MS (60LL * 1000)
#define BACKOFF_ADDRESS_MAX_MS (15LL * 60 * 1000)

struct backoff;

struct backoff *backoff_new(void);
void backoff_free(struct backoff *backoff);

/* 0, or for how long nothing from this user or address is looked at. */
int64_t backoff_wait_ms(const struct backoff *backoff, const char *user, const char *address,
                        int64_t now_ms);

/* A wrong password; a right one is forgiven for the user, not for the address. */
void backoff_failed(struct backoff *backoff, const char *user, const char *address, int64_t now_ms);
void backoff_succeeded(struct backoff *backoff, const char *user);

#endif
