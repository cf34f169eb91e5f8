/* Signals as something to wait for: no handler, no race between looking and waiting. */
#ifndef SUPERVISOR_CTL_TERM_SIGNALS_H
#define SUPERVISOR_CTL_TERM_SIGNALS_H

/* Blocks the signals that end us (SIGINT, SIGTERM, SIGHUP), SIGTSTP and SIGWINCH, and returns a
 * descriptor that is readable when one has come; aborts where there is none. */
int signals_open(void);

/* The next signal that has come, or 0. */
int signals_take(int fd);

#endif
