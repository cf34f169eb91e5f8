/* A workshop's own WebDriver server: a systemd unit (conf/pumpline-webdriver@.service), and the
 * socket over which it gives the workshop's worker access to its network.
 *
 * The socket is in a folder that only root can access; the unit sees only the workshop's part of
 * it. Nothing here blocks: systemctl runs in the background, one at a time, so that starts and
 * stops keep their order. */
#ifndef SUPERVISOR_CHILD_DRIVER_UNIT_H
#define SUPERVISOR_CHILD_DRIVER_UNIT_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/base/err.h"

#define DRIVER_UNIT_NAME_BYTES 26 /* with "plweb-" a user name: at most 31 bytes, and a NUL */

struct driver_unit;

/* A unit's instance: the slug, or for a long slug its beginning and a hash, since the unit's user
 * is named after it. */
void driver_unit_name(const char *slug, char name[DRIVER_UNIT_NAME_BYTES]);

/* Whether the service manager has started this process and announces such units: by
 * PUMPLINE_WEBDRIVER_UNIT ("pumpline-webdriver@") and RUNTIME_DIRECTORY in the environment. */
bool driver_unit_possible(void);

/* Initially down. */
struct driver_unit *driver_unit_new(struct event_base *base, const char *slug);

/* While it is down: it becomes another one, beside the one that the workshop's worker uses. */
void driver_unit_for_test(struct driver_unit *unit);

/* Ensures that it is started. Returns the worker's listening socket, still owned by the unit; -1
 * with *err. */
int driver_unit_up(struct driver_unit *unit, struct err *err);

/* Stops it with its browsers; harmless if it is down. */
void driver_unit_down(struct driver_unit *unit);

/* Down first. */
void driver_unit_free(struct driver_unit *unit);

#endif
