/* The queue's folder, made and handed over to the user that will work in it, before that user does.
 */
#ifndef WORKER_STORE_FOLDER_H
#define WORKER_STORE_FOLDER_H

#include <sys/types.h>

#include "common/base/err.h"

/* Makes STATE, STATE/queues (0711: other users pass through) and STATE/queues/SLUG (0700) where
 * they are missing. uid other than 0: the folder and what is in it is given to that user.
 *
 * The folder must hold nothing but regular files of its owner's or that user's, which have no name
 * outside it, and the folders `salvage` and `evidence` with the same in them: who worked in it
 * before may have put there what a process that opens it would follow. NULL with *err, code
 * "storage", or "config" where it holds anything else; the caller frees. */
char *folder_prepare(const char *state_dir, const char *slug, uid_t uid, gid_t gid,
                     struct err *err);

/* The same for the queue of a removed workshop, which is at `path`. A copy of it, or NULL. */
char *folder_take_over(const char *path, uid_t uid, gid_t gid, struct err *err);

/* Makes it the working directory, as its owner: from then on the queue is opened as "." and no
 * folder above it has to let this process through. path is kept for folder_shown. -1 with *err,
 * code "storage". */
int folder_enter(const char *path, struct err *err) __attribute__((warn_unused_result));

/* For people: the whole path of one that begins with the "." of folder_enter; any other as it is.
 * The caller frees. */
char *folder_shown(const char *path);

#endif
