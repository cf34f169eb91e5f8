/* How many log lines of one kind are written. A kind is a format: the place in the program that
 * logs. What outsiders cause by the thousand is counted instead, and the count is told. Knows no
 * line's form; log.c writes what this counts. */
#ifndef COMMON_BASE_LOG_LIMIT_H
#define COMMON_BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_BURST 100    /* lines of one kind at once; then … */
#define LOG_LIMIT_EACH_MS 1000 /* … one in this time */
#define LOG_LIMIT_EXAMPLE_BYTES 161

struct log_kind {
    const char *format; /* NULL: not in use */
    int file;           /* enum log_file, of the last line left out */
    int64_t due_ms;     /* monotonic: when the budget is whole again */
    int64_t last_ms;    /* when such a line came last */
    unsigned long long left_out;
    char example[LOG_LIMIT_EXAMPLE_BYTES]; /* the beginning of the last line left out */
};

/* The kind of this format, with the right to write one line; or the line is counted, with its
 * message as the example, and NULL comes back. A kind with `left_out` is to be told, and to be
 * set to 0, by the caller. */
struct log_kind *log_limit(const char *format, int file, const char *message, int64_t now_ms);

/* A kind that left lines out and has been quiet for a while; or NULL. all: quiet or
 * not. */
struct log_kind *log_limit_quiet(int64_t now_ms, bool all);

#endif
