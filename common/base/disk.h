/* Durable names: a file that was created, renamed or linked survives a power cut only if its folder
 * is synced too. */
#ifndef COMMON_BASE_DISK_H
#define COMMON_BASE_DISK_H

#include <sys/types.h>

#include "common/base/err.h"

/* Syncs the parent folder of path: 0, or -1 with errno. */
int disk_sync_parent(const char *path);

/* Creates the folder durably, with exactly this mode, if it is missing. -1 with *err, code
 * "storage". */
int disk_make_folder(const char *path, mode_t mode, struct err *err);

/* Replaces path durably with a file (0600) of this content: written to a temporary file and
 * renamed, so that readers always find either the old or the new file, complete, even after a
 * crash. -1 with *err, code "storage": path is the old file or, if the folder could not be synced,
 * the new one. */
int disk_replace(const char *path, const void *data, size_t length, struct err *err);

/* FOLDER/.NAME.new-XXXXXX, for mkostemp: a temporary file that can be linked or renamed to path,
 * and that disk_remove_asides finds. The caller frees it. */
char *disk_aside(const char *path);

/* Removes the temporary files of a disk_replace that was interrupted. */
void disk_remove_asides(const char *folder);

#endif
