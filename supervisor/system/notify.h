/* What systemd wants to be told, by its datagram socket. */
#ifndef SUPERVISOR_SYSTEM_NOTIFY_H
#define SUPERVISOR_SYSTEM_NOTIFY_H

#include <stdint.h>

/* Sends a state as sd_notify(3) has them, "READY=1", to NOTIFY_SOCKET; does nothing where none is
 * set. */
void notify_send(const char *state);

/* How often the watchdog wants to be told, half of its patience; 0: there is none. */
int64_t notify_watchdog_ms(void);

#endif
