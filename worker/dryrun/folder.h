/* The folder that a dry run's pictures are put into. */
#ifndef WORKER_DRYRUN_FOLDER_H
#define WORKER_DRYRUN_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

/* Makes the folder where it is not there, opens it, clears it of earlier trials' pictures, and
 * gives it to that user (0: to nobody): one that holds anything else is given to nobody. -1 with
 * *err. */
int dryrun_folder_open(const char *path, uid_t uid, gid_t gid, struct err *err);

/* "03-create-2-click.png"; the caller frees. */
char *dryrun_folder_name(unsigned number, const char *label, const char *kind);

/* Instead of what has that name. -1 with errno. */
int dryrun_folder_save(int folder, const char *name, const char *bytes, size_t length);

#endif
