/* A workshop's own WebDriver server: a unit of systemd's (conf/pumpline-webdriver@.service), and
 * the socket over which it gives the workshop's worker what leads into its network.
 *
 * The socket is in a folder that only root can look into; the unit is shown the workshop's part of
 * it and nothing else. Nothing here blocks: systemctl runs beside, one at a time, so that a start
 * and a stop come in their order. */
#ifndef SUPERVISOR_CHILD_DRIVER_UNIT_H
#define SUPERVISOR_CHILD_DRIVER_UNIT_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/base/err.h"

#define DRIVER_UNIT_NAME_BYTES 26 /* with "plweb-" a user's name: 31 at the most, and NUL */

struct driver_unit;

/* A unit's instance: the slug, or of a long one its beginning and a hash, since the unit's user is
 * named after it. */
void driver_unit_name(const char *slug, char name[DRIVER_UNIT_NAME_BYTES]);

/* Whether the service manager has started this process and says that there are such units: by
 * PUMPLINE_WEBDRIVER_UNIT ("pumpline-webdriver@") and RUNTIME_DIRECTORY in the environment. */
bool driver_unit_possible(void);

/* Down. */
struct driver_unit *driver_unit_new(struct event_base *base, const char *slug);

/* Sees to it that it is started. The worker's listening socket, which stays this one's; -1 with
 * *err. */
int driver_unit_up(struct driver_unit *unit, struct err *err);

/* Stopped, with its browsers; harmless where it is down. */
void driver_unit_down(struct driver_unit *unit);

void driver_unit_free(struct driver_unit *unit);

#endif
