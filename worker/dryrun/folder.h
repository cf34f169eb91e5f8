/* The folder for a dry run's screenshots. */
#ifndef WORKER_DRYRUN_FOLDER_H
#define WORKER_DRYRUN_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

/* Creates the folder if it is missing, opens it, removes earlier screenshots, and gives it to that
 * user (0: to no one): a folder that contains anything else is not given away. -1 with *err. */
int dryrun_folder_open(const char *path, uid_t uid, gid_t gid, struct err *err);

/* "03-create-2-click.png"; the caller frees. */
char *dryrun_folder_name(unsigned number, const char *label, const char *kind);

/* Replaces the file of that name. -1 with errno. */
int dryrun_folder_save(int folder, const char *name, const char *bytes, size_t length);

#endif
