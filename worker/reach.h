/* What one workshop's process may reach, by its configuration: the one place that says so. */
#ifndef WORKER_REACH_H
#define WORKER_REACH_H

#include <jansson.h>

#include "worker/sandbox.h"

/* Adds to setup the paths and ports that the ERP system of the slice's document (see config_slice)
 * needs. Borrows from slice. */
void reach_erp(struct sandbox_setup *setup, const json_t *slice);

#endif
