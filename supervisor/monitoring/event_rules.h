/* Whether a change is reported to watchers, and how soon. */
#ifndef SUPERVISOR_MONITORING_EVENT_RULES_H
#define SUPERVISOR_MONITORING_EVENT_RULES_H

#include <jansson.h>

enum event_change {
    EVENT_NOTHING, /* equal, or only older */
    EVENT_FIGURES, /* order counts have changed: soon */
    EVENT_STATE    /* anything else: at once */
};

/* Compares two views of one integration; NULL: it is new. */
enum event_change event_change(const json_t *before, const json_t *now);

#endif
