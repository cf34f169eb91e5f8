/* What the worker gives up before it serves. One call on its boot page. */
#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

#include "common/err.h"

/* No new privileges by exec, no core dump, no reading of this process's memory by its siblings.
 * Logs one line that says what holds. -1: the system refuses one of them. */
int sandbox_enter(struct err *err);

#endif
