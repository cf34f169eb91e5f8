/* What must be in place before the loop runs: standard descriptors, folders, the lock, limits. */
#ifndef SUPERVISOR_SYSTEM_BOOT_H
#define SUPERVISOR_SYSTEM_BOOT_H

#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

/* The master key is in this process: it leaves no core, and its user's other processes can't look
 * into it. */
void boot_hide(void);

/* Makes path and what is missing above it (0755). 1: made, 0: was there, -1: failed. */
int boot_folder(const char *path, mode_t mode, struct err *err);

/* STATE and STATE/queues, 0711 (workshops' users pass through both), and the lock that keeps a
 * second daemon off them. The lock's descriptor, held until the process ends, or -1. */
int boot_state_dir(const char *state_dir, struct err *err);

/* Raises RLIMIT_NOFILE to what so many workshops need, as far as the hard limit lets it. */
void boot_descriptor_limit(size_t workshops);

#endif
