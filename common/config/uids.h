/* The user of each workshop's process, if the daemon runs as root.
 *
 * Either the user that the workshop names, or one of the configured range that no other workshop
 * has. The owner of STATE/queues/SLUG records it, and so outlives the daemon. An archived queue
 * (STATE/removed) keeps its user; once it is deleted, the next daemon may give the user to another
 * workshop. */
#ifndef COMMON_CONFIG_UIDS_H
#define COMMON_CONFIG_UIDS_H

#include <jansson.h>
#include <sys/types.h>

#include "common/config/config.h"

struct uids;

/* Looks up the owners in state_dir/queues and state_dir/removed; a missing folder counts as empty.
 */
struct uids *uids_new(const char *state_dir);
void uids_free(struct uids *uids);

/* The user and group of workshop's process: 0 and 0 if this process is not root and cannot change
 * user. The same workshop always gets the same one. -1 with *err, code "config", if none is left,
 * or the user does not exist. */
int uids_take(struct uids *uids, const struct daemon_config *config,
              const struct workshop_config *workshop, uid_t *uid, gid_t *gid, struct err *err);

/* Adds the user of a workshop's process to its slice: "uid" and "gid", or "refuse" with the reason
 * why it must not run. */
void uids_tell(struct uids *uids, const struct daemon_config *config,
               const struct workshop_config *workshop, json_t *slice);

/* The same for a process that works on the queue at `queue` without serving: its owner, even if the
 * workshop's user has changed. A queue owned by root is given to a user of the range first. */
void uids_tell_owner(struct uids *uids, const struct daemon_config *config,
                     const struct workshop_config *workshop, const char *queue, json_t *slice);

#endif
