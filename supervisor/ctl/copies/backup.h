/* Backups: one workshop's queue as a file, or all workshops as a folder. */
#ifndef SUPERVISOR_CTL_COPIES_BACKUP_H
#define SUPERVISOR_CTL_COPIES_BACKUP_H

#include "supervisor/ctl/copies/manifest.h"

/* Moves the copy that a worker has made (its reply) in its queue's folder to target. -1 after
 * reporting why. */
int backup_fetch(const char *folder, const json_t *reply, const char *target,
                 char hash[COPY_HASH_BYTES]);

/* Copies a workshop's queue, in use or not, to FOLDER/queues/SLUG.mdb and lists it; a workshop that
 * never ran has none. -1 after reporting why. */
int backup_queue(struct ctl *ctl, const struct site *site, json_t *manifest, const char *slug,
                 const char *folder);

/* Copies a workshop's file to FOLDER/workshops.d and lists it. Passwords that are plain in it are
 * sealed in the copy. -1 after reporting why. */
int backup_file(const struct site *site, json_t *manifest, const char *slug, const char *folder);

/* Makes FOLDER and the folders in it for copies. -1 after reporting why. */
int backup_make_folder(const char *folder);

/* backup WORKSHOP FILE. An exit status. */
int backup_one(struct ctl *ctl);

/* Removes what an interrupted backup left in DIR and, if keep is not 0, all but the newest `keep`
 * backups. -1 after reporting why. */
int backup_rotate(const char *directory, size_t keep);

#endif
