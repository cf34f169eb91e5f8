/* The shape of a dialogue for `recipe test`, see erp-drivers/http/replay.h: a member that is
 * mistyped would not be compared, and the recipe would pass. */
#ifndef WORKER_DRYRUN_DIALOGUE_H
#define WORKER_DRYRUN_DIALOGUE_H

#include <stdbool.h>

#include "common/json/faults.h"

/* Adds each fault; returns whether there was none. */
bool dialogue_check(const json_t *dialogue, const char *file, struct json_faults *faults);

#endif
