/* Whether a watcher wants to hear of it, and how soon. */
#ifndef SUPERVISOR_CONTROL_EVENT_RULES_H
#define SUPERVISOR_CONTROL_EVENT_RULES_H

#include <jansson.h>

enum event_change {
    EVENT_NOTHING, /* the same, or only older */
    EVENT_FIGURES, /* orders came or went: soon */
    EVENT_STATE    /* anything else: at once */
};

/* Of two views of one integration; NULL: it was not known before. */
enum event_change event_change(const json_t *before, const json_t *now);

#endif
