/* What only a file's owner may do, done by root where it has been left without its rights over what
 * is others' (CAP_DAC_OVERRIDE, CAP_FOWNER): as the owner, for one call. Anybody else is who they
 * are. */
#ifndef COMMON_BASE_OWNER_H
#define COMMON_BASE_OWNER_H

#include <sys/stat.h>
#include <sys/types.h>

/* openat() by that user, through no link; -1 with errno. */
int owner_open(uid_t owner, int folder, const char *name, int flags);

/* Opens a regular file of that user for reading. It must lie below the folder, behind no link and
 * on the same file system, and have no other name. -1 with errno, EPERM where it is anything else.
 */
int owner_open_lone(uid_t owner, int folder, const char *name);

/* Opens a folder for reading and tells what it is. Folders above it may be closed to its owner, but
 * not to this process. -1 with errno. */
int owner_open_folder(const char *path, struct stat *status);

/* Makes the folder the working directory; those above it may be closed to its owner, but not to
 * this process. -1 with errno. */
int owner_enter(const char *path);

/* Sets and clears bits of the mode of what is at path itself, whatever its mode lets the owner do.
 * -1 with errno. */
int owner_change_mode(const char *path, mode_t set, mode_t clear);

#endif
