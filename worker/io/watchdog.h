/* A process beside one that no supervisor watches: it ends the browsers of that mark once this
 * process has gone, however it went (Ctrl-C, kill -9). */
#ifndef WORKER_IO_WATCHDOG_H
#define WORKER_IO_WATCHDOG_H

/* What keeps it waiting, to be left open; -1 on failure. Start it before there are secrets. */
int watchdog_start(const char *mark);

/* There is nothing to be ended. */
void watchdog_dismiss(int watchdog);

#endif
