/* What only the owner of a file may do, done by root without CAP_DAC_OVERRIDE and CAP_FOWNER: as
 * the owner, for one call. Any other user keeps its identity. */
#ifndef COMMON_BASE_OWNER_H
#define COMMON_BASE_OWNER_H

#include <sys/stat.h>
#include <sys/types.h>

/* openat() as that user, following no symbolic link; -1 with errno. */
int owner_open(uid_t owner, int folder, const char *name, int flags);

/* Opens a regular file of that user for reading. It must be below the folder, reached through no
 * symbolic link, on the same file system, and have no other hard link. -1 with errno, EPERM if it
 * is anything else. */
int owner_open_lone(uid_t owner, int folder, const char *name);

/* Opens a folder for reading and fills in its stat. The folders above may be inaccessible to its
 * owner, but not to this process. -1 with errno. */
int owner_open_folder(const char *path, struct stat *status);

/* Makes the folder the working directory; the folders above may be inaccessible to its owner, but
 * not to this process. -1 with errno. */
int owner_enter(const char *path);

/* Sets and clears mode bits of path itself, even if its mode denies its owner access. -1 with
 * errno. */
int owner_change_mode(const char *path, mode_t set, mode_t clear);

#endif
