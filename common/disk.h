/* Names on disk: a file that was made, renamed or linked is only there after a power cut if its
 * folder is synced too. */
#ifndef COMMON_DISK_H
#define COMMON_DISK_H

#include <sys/types.h>

#include "common/err.h"

/* Syncs the folder that path stands in: 0, or -1 with errno. */
int disk_sync_parent(const char *path);

/* Makes the folder with just this mode where it is missing, durably. -1 with *err, code "storage".
 */
int disk_make_folder(const char *path, mode_t mode, struct err *err);

#endif
