/* JSON of the daemon and its integrations for the control API, without secrets. */
#ifndef SUPERVISOR_MONITORING_VIEW_H
#define SUPERVISOR_MONITORING_VIEW_H

#include "supervisor/daemon/daemon.h"

/* GET /health, as text. The caller owns the result, here and below. */
char *view_health(const struct daemon *daemon, size_t *length);

/* One member of "integrations": the child's state, and its last pushed status. */
json_t *view_integration(const struct child *child);

#define VIEW_ETAG_BYTES 35 /* 128 bits as hexadecimal, two quotes and a NUL */

/* The version of a workshop's configuration, and of all together: it changes with every change of a
 * configuration, and with nothing else. False: it has none, as its file cannot be read. */
bool view_etag(const struct workshop_config *workshop, char etag[VIEW_ETAG_BYTES]);
void view_workshops_etag(const struct daemon *daemon, char etag[VIEW_ETAG_BYTES]);

/* GET /workshops. */
json_t *view_workshops(const struct daemon *daemon);

/* GET /workshops/{workshop}: integration and configuration. */
json_t *view_workshop(const struct child *child);

/* GET /workshops/{workshop}/tokens: names and scopes. */
json_t *view_tokens(const struct child *child);

#endif
