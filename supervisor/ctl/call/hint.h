/* What to do about a refusal, where the next step is known. */
#ifndef SUPERVISOR_CTL_CALL_HINT_H
#define SUPERVISOR_CTL_CALL_HINT_H

#include "supervisor/ctl/ctl.h"

/* Prints it on stderr, after the refusal itself. May ask the daemon for its workshops. */
void hint_print(const struct ctl *ctl, const json_t *problem);

#endif
