/* A helper for a process without a supervisor: it kills the browsers of that mark once this process
 * has ended, in whatever way (Ctrl-C, kill -9). */
#ifndef WORKER_IO_WATCHDOG_H
#define WORKER_IO_WATCHDOG_H

/* Returns the descriptor that keeps it waiting, to be left open; -1 on failure. Start it before
 * there are secrets. */
int watchdog_start(const char *mark);

/* There is nothing to be killed. */
void watchdog_dismiss(int watchdog);

#endif
