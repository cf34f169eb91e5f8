/* Preparations before the loop runs: standard descriptors, folders, the lock, limits. */
#ifndef SUPERVISOR_SYSTEM_BOOT_H
#define SUPERVISOR_SYSTEM_BOOT_H

#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

/* The master key is in this process: no core dumps, and other processes of its user cannot inspect
 * it. */
void boot_hide(void);

/* Creates path and its missing parents (0755). 1: created, 0: it existed, -1: failed. */
int boot_folder(const char *path, mode_t mode, struct err *err);

/* STATE and STATE/queues, 0711 (workshops' users pass through both), and the lock that keeps a
 * second daemon out. Returns the lock's descriptor, held until the process ends, or -1. */
int boot_state_dir(const char *state_dir, struct err *err);

/* Raises RLIMIT_NOFILE to what this many workshops need, as far as the hard limit allows. */
void boot_descriptor_limit(size_t workshops);

#endif
