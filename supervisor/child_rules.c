/* What follows an exit, and when. */
#include "supervisor/child_rules.h"

#include <sysexits.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 30000

enum child_state
child_after_exit(const struct child_end *end)
{
    if (end->wanted == CHILD_DOWN)
        return CHILD_STOPPED;
    if (end->asked || end->was_ready)
        return CHILD_STARTING;
    if (end->idle)
        return CHILD_FAILED; /* as it was: wanted, and at rest */
    /* A configuration that the worker refuses stays refused: trying again mends nothing. */
    return end->code == EX_CONFIG ? CHILD_FAILED : CHILD_BACKOFF;
}

int64_t
child_backoff_ms(unsigned failures)
{
    int64_t delay = BACKOFF_FIRST_MS;

    while (failures-- && delay < BACKOFF_MAX_MS)
        delay *= 2;
    return delay < BACKOFF_MAX_MS ? delay : BACKOFF_MAX_MS;
}

const char *
child_state_name(enum child_state state)
{
    static const char *const names[CHILD_STATES] = {
        [CHILD_STOPPED] = "stopped",   [CHILD_STARTING] = "starting", [CHILD_RUNNING] = "running",
        [CHILD_STOPPING] = "stopping", [CHILD_BACKOFF] = "backoff",   [CHILD_FAILED] = "failed"};

    return names[state];
}
