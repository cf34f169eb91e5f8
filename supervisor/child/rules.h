/* The rules of supervision that need neither a process nor a clock: what follows an exit, and how
 * long to wait before the next try. */
#ifndef SUPERVISOR_CHILD_RULES_H
#define SUPERVISOR_CHILD_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum child_wanted { CHILD_DOWN, CHILD_UP };

enum child_state {
    CHILD_STOPPED,
    CHILD_STARTING, /* there is a process, it has not said `ready` */
    CHILD_RUNNING,
    CHILD_STOPPING, /* the process is to go, or has gone and its last words are being read */
    CHILD_BACKOFF,  /* no process, the next try is timed */
    CHILD_FAILED,   /* no process, and none until somebody starts it */
    CHILD_STATES
};

/* What a process had come to when it ended. */
struct child_end {
    enum child_wanted wanted;
    bool asked;     /* it went because a restart was asked for */
    bool was_ready; /* it had said `ready` */
    bool idle;      /* it was there for maintenance; asked: somebody has started it meanwhile */
    int code;       /* exit status; -1: ended by a signal */
    unsigned short_lives; /* in a row, with this one: it was ready, and ended soon */
};

#define CHILD_SHORT_LIFE_MS 10000
#define CHILD_SHORT_LIVES_MAX 3 /* so many are restarted at once */

struct child_exit {
    int64_t at_ms; /* wall clock; 0: there was none */
    int code;      /* -1: ended by a signal */
    int signal;    /* 0: ended by itself */
};

/* In words: "killed by signal 9 (Killed)", "exit status 78 (configuration error)". */
void child_exit_text(const struct child_exit *end, char *text, size_t size);

/* STOPPED, STARTING (at once), BACKOFF or FAILED. */
enum child_state child_after_exit(const struct child_end *end);

/* The wait before the next try, after so many failures in a row: 100 ms doubling to 30 s. */
int64_t child_backoff_ms(unsigned failures);

/* How many failures so many short lives count as. A process that does become ready is never kept
 * waiting for longer than a few seconds. */
unsigned child_short_lives_failures(unsigned short_lives);

/* As in the control API. */
const char *child_state_name(enum child_state state);

#endif
