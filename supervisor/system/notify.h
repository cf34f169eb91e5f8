/* Notifications to systemd, by its datagram socket. */
#ifndef SUPERVISOR_SYSTEM_NOTIFY_H
#define SUPERVISOR_SYSTEM_NOTIFY_H

#include <stdint.h>

/* Sends a state in the format of sd_notify(3), "READY=1", to NOTIFY_SOCKET; does nothing if that is
 * not set. Waits up to a second for a manager that is busy, the next time no longer if that was in
 * vain. */
void notify_send(const char *state);

/* With a descriptor, which stays the caller's. */
void notify_send_fd(const char *state, int fd);

/* Sends "WATCHDOG=1", unless the manager has messages enough to read. */
void notify_alive(void);

/* The interval of watchdog notifications, half of the watchdog timeout; 0: no watchdog. */
int64_t notify_watchdog_ms(void);

#endif
