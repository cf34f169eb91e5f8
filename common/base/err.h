/* An error as a value: a stable code for programs, one sentence for people.
 *
 * Three tiers: a broken invariant or lack of memory aborts (the supervisor restarts the process,
 * the queue is on disk); a failed start ends with a sysexits status; at run time a function returns
 * 0 or -1 and fills a struct err, which is logged once, where the decision is made. */
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

#include <stddef.h>

struct err {
    char code[32];  /* [a-z_]+, empty if there is no error */
    char text[512]; /* UTF-8, cut to fit, never contains a secret */
};

/* Fills *e and returns -1, so that a failing path can be `return err_set(e, …)`. */
int err_set(struct err *e, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, followed by ": " and strerror(errno). */
int err_errno(struct err *e, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Allocation that aborts on failure: callers never check the result. Freed by free(). */
void *mem_alloc(size_t size) __attribute__((returns_nonnull)); /* zeroed */
void *mem_resize(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_string(const char *text) __attribute__((returns_nonnull));
char *mem_part(const char *text, size_t length) __attribute__((returns_nonnull)); /* up to a NUL */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
const char *plural(long long count); /* "s"; "" for one */

/* Writes the reason and aborts; for invariants that only a bug can break. */
void die_abort(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Cuts text to at most size - 1 bytes, never inside a UTF-8 sequence, and ends it with NUL. */
void text_copy(char *to, size_t size, const char *from);

/* Makes untrusted text fit for a record, a log and a terminal, in place: bytes that are not UTF-8
 * become '?', control characters a space. */
void text_clean(char *text);

#endif
