/* Limits the number of log lines of one kind. A kind is a format, that is, a place in the program
 * that logs. Lines beyond the limit are counted, and the count is logged. Does not know how a line
 * is written: log.c does that. */
#ifndef COMMON_BASE_LOG_LIMIT_H
#define COMMON_BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_BURST 100    /* a burst of lines of one kind; then … */
#define LOG_LIMIT_EACH_MS 1000 /* … one line per this interval */
#define LOG_LIMIT_EXAMPLE_BYTES 161

struct log_kind {
    const char *format; /* NULL: free entry */
    int file;           /* enum log_file, of the last suppressed line */
    int64_t due_ms;     /* monotonic: when the budget is full again */
    int64_t last_ms;    /* when the last such line came */
    unsigned long long left_out;
    char example[LOG_LIMIT_EXAMPLE_BYTES]; /* the beginning of the last suppressed line */
};

/* The entry of this format, if it may write one line now. Otherwise counts the line, keeps its
 * message as the example and returns NULL. If `left_out` is not 0, the caller must log it and reset
 * it. */
struct log_kind *log_limit(const char *format, int file, const char *message, int64_t now_ms);

/* An entry that suppressed lines and has been quiet for a while, or NULL. all: whether quiet or
 * not. */
struct log_kind *log_limit_quiet(int64_t now_ms, bool all);

#endif
