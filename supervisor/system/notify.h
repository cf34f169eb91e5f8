/* Notifications to systemd, by its datagram socket. */
#ifndef SUPERVISOR_SYSTEM_NOTIFY_H
#define SUPERVISOR_SYSTEM_NOTIFY_H

#include <stdint.h>

/* Sends a state in the format of sd_notify(3), "READY=1", to NOTIFY_SOCKET; does nothing if that is
 * not set. */
void notify_send(const char *state);

/* The interval of watchdog notifications, half of the watchdog timeout; 0: no watchdog. */
int64_t notify_watchdog_ms(void);

#endif
