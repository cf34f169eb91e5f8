/* What a configuration that was read again changes. Needs neither a process nor a loop. */
#ifndef SUPERVISOR_DAEMON_RELOAD_RULES_H
#define SUPERVISOR_DAEMON_RELOAD_RULES_H

#include "common/config/config.h"

enum reload_action {
    RELOAD_NOTHING, /* the child stays as it is, also one that somebody stopped or killed */
    RELOAD_START,
    RELOAD_STOP,
    RELOAD_RESTART /* if it is wanted up */
};

/* Takes over into after what only a restart of the daemon changes: another workshops_dir keeps the
 * workshops themselves as they are. Returns the names of the members that differ. */
json_t *reload_keep(const struct daemon_config *before, struct daemon_config *after);

/* Whether what every child is given differs: log_dir, sandbox, webdriver_url, worker_uids. */
bool reload_all_slices(const struct daemon_config *before, const struct daemon_config *after);

/* Whether this workshop has another neighbour, which its child is told of. */
bool reload_neighbour_differs(const struct daemon_config *before, const struct daemon_config *after,
                              const char *slug);

/* By slug alone; NULL where there is none. */
struct workshop_config *reload_find(const struct daemon_config *config, const char *slug);

/* For one workshop; before is NULL where it is new, after where it is gone. One with faults is not
 * up, whatever it says. */
enum reload_action reload_action(const struct workshop_config *before,
                                 const struct workshop_config *after, bool all_slices);

/* {"added": [slug…], "changed": [slug…], "removed": [slug…], "unchanged": N}, after reload_keep.
 * A workshop whose `active` alone differs is changed. */
json_t *reload_report(const struct daemon_config *before, const struct daemon_config *after);

#endif
