/* JSON of the daemon and its integrations for the control API, without secrets. */
#ifndef SUPERVISOR_CONTROL_VIEW_H
#define SUPERVISOR_CONTROL_VIEW_H

#include "supervisor/daemon/daemon.h"

/* GET /health, as text. The caller owns the result, here and below. */
char *view_health(const struct daemon *daemon, size_t *length);

/* One member of "integrations": the child's state, and its last pushed status. */
json_t *view_integration(const struct child *child);

/* GET /workshops. */
json_t *view_workshops(const struct daemon *daemon);

/* GET /workshops/{workshop}: integration and configuration. */
json_t *view_workshop(const struct child *child);

/* GET /workshops/{workshop}/tokens: names and scopes. */
json_t *view_tokens(const struct child *child);

#endif
