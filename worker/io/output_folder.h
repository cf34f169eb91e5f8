/* The file driver's folder, and its permissions. */
#ifndef WORKER_IO_OUTPUT_FOLDER_H
#define WORKER_IO_OUTPUT_FOLDER_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/sandbox/pinned_path.h"

/* As root, before the process becomes uid: gives it the folder if root has created it for that
 * purpose, and logs that. The folder must be empty, owned by root, inaccessible to uid and others,
 * no symbolic link, below /srv, /tmp or /var/tmp, and no mount point of /etc/fstab (then a share
 * would hide it). Otherwise the author of a workshop's configuration could have root's folders
 * given away. In any other case the log and the orders name the chown to run
 * (output_folder_advice); here an error would stop the delivery of whoever has just followed the
 * README. */
void output_folder_give(const struct pinned_path *folder, uid_t uid);

/* Locks the folder until *fd is closed or the process ends: any other process that writes to it, by
 * whatever path and for whatever daemon, is refused meanwhile. *fd is -1 if the folder does not
 * exist, or is on a share without locks, which is a warning. -1 with *err, code "in_use". */
int output_folder_lock(const struct pinned_path *folder, int *fd, struct err *err)
    __attribute__((warn_unused_result));

/* As the process's user: warns if it cannot write there, and says what to do. */
void output_folder_check(const struct pinned_path *folder);

/* As root: output_folder_give would give it to uid. */
bool output_folder_is_offered(const struct pinned_path *folder);

/* As the process's user: why it cannot write there, and what to do. NULL: it can, or the folder
 * does not exist. Valid until the next call. */
const char *output_folder_fault(const struct pinned_path *folder);

/* What to do if it cannot. Valid until the next call. */
const char *output_folder_advice(const struct pinned_path *folder);

#endif
