/* Names on disk: a file that was made, renamed or linked is only there after a power cut if its
 * folder is synced too. */
#ifndef COMMON_BASE_DISK_H
#define COMMON_BASE_DISK_H

#include <sys/types.h>

#include "common/base/err.h"

/* Syncs the folder that path stands in: 0, or -1 with errno. */
int disk_sync_parent(const char *path);

/* Makes the folder with just this mode where it is missing, durably. -1 with *err, code "storage".
 */
int disk_make_folder(const char *path, mode_t mode, struct err *err);

/* Puts a file with this content (0600) in path's place, durably: written aside and renamed, so that
 * whoever reads it finds the old one or the new one, whole, whatever dies when. -1 with *err, code
 * "storage": the old one is there, or, where the folder could not be synced, the new one. */
int disk_replace(const char *path, const void *data, size_t length, struct err *err);

/* FOLDER/.NAME.new-XXXXXX, for mkostemp: a file beside path that can be linked or renamed to it,
 * and that disk_remove_asides finds. The caller frees it. */
char *disk_aside(const char *path);

/* Removes what a disk_replace that died has left in a folder. */
void disk_remove_asides(const char *folder);

#endif
