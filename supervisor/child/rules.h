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
    CHILD_STARTING, /* the process has not sent `ready` yet */
    CHILD_RUNNING,
    CHILD_STOPPING, /* the process is to exit, or has exited and its last messages are being read */
    CHILD_BACKOFF,  /* no process, the next try is timed */
    CHILD_FAILED,   /* no process until someone starts it */
    CHILD_STATES
};

/* How far a process had come when it ended. */
struct child_end {
    enum child_wanted wanted;
    bool asked;           /* it exited because a restart was requested */
    bool was_ready;       /* it had sent `ready` */
    bool idle;            /* it did maintenance; asked: a start was requested meanwhile */
    int code;             /* exit status; -1: ended by a signal */
    unsigned short_lives; /* consecutive, including this one: it was ready, and ended soon */
};

#define CHILD_SHORT_LIFE_MS 10000
#define CHILD_SHORT_LIVES_MAX 3 /* this many are restarted at once */

struct child_exit {
    int64_t at_ms; /* wall clock; 0: there was none */
    int code;      /* -1: ended by a signal */
    int signal;    /* 0: ended by itself */
};

/* As text: "killed by signal 9 (Killed)", "exit status 78 (configuration error)". */
void child_exit_text(const struct child_exit *end, char *text, size_t size);

/* STOPPED, STARTING (at once), BACKOFF or FAILED. */
enum child_state child_after_exit(const struct child_end *end);

/* The wait before the next try, after this many consecutive failures: 100 ms doubling to 30 s. */
int64_t child_backoff_ms(unsigned failures);

/* The number of failures that this many short lives count as. A process that does become ready
 * never waits longer than a few seconds. */
unsigned child_short_lives_failures(unsigned short_lives);

/* The names in the control API. */
const char *child_state_name(enum child_state state);

#endif
