/* Which user each workshop's process becomes, where the daemon is root.
 *
 * The one that the workshop names, or one of the configured range that no other workshop has. The
 * owner of STATE/queues/SLUG is the record of it: it outlives the daemon. A queue that is kept
 * aside (STATE/removed) keeps its user to itself; where it is deleted, the next daemon may give the
 * user to another workshop. */
#ifndef COMMON_CONFIG_UIDS_H
#define COMMON_CONFIG_UIDS_H

#include <jansson.h>
#include <sys/types.h>

#include "common/config/config.h"

struct uids;

/* Looks at who owns what in state_dir/queues and state_dir/removed; a folder that is not there is
 * empty. */
struct uids *uids_new(const char *state_dir);
void uids_free(struct uids *uids);

/* The user and group of workshop's process: 0 and 0 where this process is not root, and nobody
 * changes. The same workshop gets the same again. -1 with *err, code "config", where there is none
 * left, or no such user. */
int uids_take(struct uids *uids, const struct daemon_config *config,
              const struct workshop_config *workshop, uid_t *uid, gid_t *gid, struct err *err);

/* Adds to a workshop's slice who its process is to be: "uid" and "gid", or "refuse" with the reason
 * why it must not run. */
void uids_tell(struct uids *uids, const struct daemon_config *config,
               const struct workshop_config *workshop, json_t *slice);

/* The same for a process that works on the queue at `queue` and serves nobody: its owner, whoever
 * the workshop's user is by now. A queue of root's is given to one of the range first. */
void uids_tell_owner(struct uids *uids, const struct daemon_config *config,
                     const struct workshop_config *workshop, const char *queue, json_t *slice);

#endif
