/* workshops.d while the daemon runs: a file for each workshop, replaced whole or not at all.
 *
 * Owns the writing half of the configuration. What is in memory is what counts: a file that a
 * person has changed meanwhile takes part in nothing until the configuration is read again. No
 * password in memory or in a file that was written here is plain. */
#ifndef SUPERVISOR_DAEMON_REGISTRY_H
#define SUPERVISOR_DAEMON_REGISTRY_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/config/key_file.h"

/* WORKSHOPS_DIR/SLUG.json; the caller frees it. */
char *registry_path(const struct daemon_config *config, const char *slug);

/* Seals each password of a configuration that is plain or sealed with the old key; one that
 * `before` (may be NULL) holds sealed becomes what it is there. */
void registry_seal(struct daemon_config *config, const struct daemon_config *before,
                   const struct master_keys *keys);

/* Adds a fault where the workshop's password is sealed and does not open: it is another place's, or
 * another key's. After registry_seal. */
void registry_check_sealed(const struct daemon_config *config,
                           const struct workshop_config *workshop, const struct master_keys *keys,
                           struct config_faults *faults);

/* Checks a document (borrowed) as the one of SLUG: by itself, its sealed password, and against the
 * other workshops of config. recipe is the one of its `erp`, where that has been checked before;
 * NULL: it is read. Adds every fault; returns the workshop where there is none in *faults
 * at all, its password sealed, for the caller to free; otherwise NULL. */
struct workshop_config *registry_propose(const struct daemon_config *config,
                                         const struct master_keys *keys, const char *slug,
                                         const json_t *document, json_t *recipe,
                                         struct config_faults *faults);

/* Whether SLUG's file says what config does: that there is none, or this workshop. */
bool registry_in_step(const struct daemon_config *config, const struct master_keys *keys,
                      const char *slug);

/* Seals what is plain, or sealed with the old key, in the file of SLUG at path: as in config, where
 * that holds the same password. A file that is not there has nothing to be sealed. */
int registry_reseal(const struct daemon_config *config, const struct master_keys *keys,
                    const char *path, const char *slug, struct err *err)
    __attribute__((warn_unused_result));

/* Puts the workshop's file in place, durably (disk_replace). */
int registry_write(const struct daemon_config *config, const struct workshop_config *workshop,
                   struct err *err) __attribute__((warn_unused_result));

#endif
