/* The differences of a reloaded configuration. Needs neither a process nor a loop. */
#ifndef SUPERVISOR_DAEMON_RELOAD_RULES_H
#define SUPERVISOR_DAEMON_RELOAD_RULES_H

#include "common/config/config.h"

enum reload_action {
    RELOAD_NOTHING, /* the child stays as it is, also if it was stopped or killed by hand */
    RELOAD_START,
    RELOAD_STOP,
    RELOAD_TOKENS, /* its process takes them over */
    RELOAD_RESTART /* if it is wanted up */
};

/* Copies into after what takes effect only after a restart of the daemon: with another
 * workshops_dir, the workshops stay as they are. Returns the names of the members that differ. */
json_t *reload_keep(const struct daemon_config *before, struct daemon_config *after);

/* Whether the settings of all children differ: log_dir, sandbox, webdriver_url, worker_uids. */
bool reload_all_slices(const struct daemon_config *before, const struct daemon_config *after);

/* Whether this workshop's neighbour has changed, which its child is told of. */
bool reload_neighbour_differs(const struct daemon_config *before, const struct daemon_config *after,
                              const char *slug);

/* By slug only; NULL if there is none. */
struct workshop_config *reload_find(const struct daemon_config *config, const char *slug);

/* For one workshop; before is NULL if it is new, after if it was removed. A faulty one is not up,
 * whatever it says. */
enum reload_action reload_action(const struct workshop_config *before,
                                 const struct workshop_config *after, bool all_slices);

/* {"added": [slug…], "changed": [slug…], "removed": [slug…], "unchanged": N}, after reload_keep. A
 * workshop of which only `active` differs counts as changed. */
json_t *reload_report(const struct daemon_config *before, const struct daemon_config *after);

#endif
