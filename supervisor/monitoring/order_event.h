/* What a process reports of one order, as an event. */
#ifndef SUPERVISOR_MONITORING_ORDER_EVENT_H
#define SUPERVISOR_MONITORING_ORDER_EVENT_H

#include <jansson.h>

#include "common/config/config.h"

/* text: "STATUS REASON UNIQUEID" (common/ipc/chan.h), from a process that may be compromised. NULL
 * if it is something else. */
json_t *order_event(const struct workshop_config *workshop, const char *text);

#endif
