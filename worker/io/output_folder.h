/* The file driver's folder, and who may write into it. */
#ifndef WORKER_IO_OUTPUT_FOLDER_H
#define WORKER_IO_OUTPUT_FOLDER_H

#include "common/base/err.h"
#include "worker/sandbox/pinned_path.h"

/* As root, before the process becomes uid: gives it the folder where root made it for that, and
 * says so in the log. So it must be empty and root's, out of uid's and everybody's reach, a folder
 * and no link to one, below /srv, /tmp or /var/tmp, and no mount point of /etc/fstab: then it hides
 * behind a share. Anywhere else whoever writes a workshop's configuration could have root's folders
 * given away. */
void output_folder_give(const struct pinned_path *folder, uid_t uid);

/* Holds the folder until *fd is closed or the process ends: whoever else delivers into it, by
 * whatever path and for whatever daemon, is refused meanwhile. *fd is -1 where it is not there, or
 * on a share that knows no locks, which is a warning. -1 with *err, code "in_use". */
int output_folder_lock(const struct pinned_path *folder, int *fd, struct err *err)
    __attribute__((warn_unused_result));

/* As the process' user: warns where it can't write there, with what to do. */
void output_folder_check(const struct pinned_path *folder);

/* What to do where it can't. Valid until the next call. */
const char *output_folder_advice(const struct pinned_path *folder);

#endif
