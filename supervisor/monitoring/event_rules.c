/* Comparing two views of an integration. */
#include "supervisor/monitoring/event_rules.h"

#include <string.h>

/* How soon a change of this member is reported. Unlisted members are states. */
static enum event_change
weight(const char *member)
{
    static const struct {
        const char *member;
        enum event_change weight;
    } weights[] = {{"uptime_s", EVENT_NOTHING},
                   {"queue_length", EVENT_FIGURES},
                   {"oldest_placed_age_s", EVENT_FIGURES},
                   {"needs_attention", EVENT_FIGURES},
                   {"orders", EVENT_FIGURES}};

    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        if (strcmp(weights[i].member, member) == 0)
            return weights[i].weight;
    return EVENT_STATE;
}

/* The most urgent of the members that `of` has and `in` lacks or has with another value. */
static enum event_change
difference(const json_t *of, const json_t *in)
{
    enum event_change most = EVENT_NOTHING;
    const char *member;
    json_t *value;

    json_object_foreach((json_t *)of, member,
                        value) if (weight(member) > most &&
                                   !json_equal(value, json_object_get(in, member))) most =
        weight(member);
    return most;
}

enum event_change
event_change(const json_t *before, const json_t *now)
{
    enum event_change gone, come;

    if (!before)
        return EVENT_STATE;
    gone = difference(before, now);
    come = difference(now, before);
    return gone > come ? gone : come;
}
