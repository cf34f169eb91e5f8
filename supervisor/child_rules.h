/* The rules of supervision that need neither a process nor a clock: what follows an exit, and how
 * long to wait before the next try. */
#ifndef SUPERVISOR_CHILD_RULES_H
#define SUPERVISOR_CHILD_RULES_H

#include <stdbool.h>
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
};

/* STOPPED, STARTING (at once), BACKOFF or FAILED. */
enum child_state child_after_exit(const struct child_end *end);

/* The wait before the next try, after so many failures in a row: 100 ms doubling to 30 s. */
int64_t child_backoff_ms(unsigned failures);

/* As in the control API. */
const char *child_state_name(enum child_state state);

#endif
