/* Signals by a descriptor: no handler, no race between checking and waiting. */
#ifndef SUPERVISOR_CTL_TERM_SIGNALS_H
#define SUPERVISOR_CTL_TERM_SIGNALS_H

/* Blocks the signals that end us (SIGINT, SIGTERM, SIGHUP, SIGQUIT), SIGTSTP and SIGWINCH, and
 * returns a descriptor that is readable when one is pending; aborts on failure. */
int signals_open(void);

/* The next pending signal, or 0. */
int signals_take(int fd);

#endif
