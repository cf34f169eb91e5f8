/* workshops.d while the daemon runs: a file for each workshop, replaced atomically.
 *
 * Owns the writing half of the configuration. The configuration in memory is what counts: a file
 * that was edited meanwhile is ignored until the configuration is reloaded. No password in memory
 * or in a file written here is plain. */
#ifndef SUPERVISOR_DAEMON_REGISTRY_H
#define SUPERVISOR_DAEMON_REGISTRY_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/config/key_file.h"

/* WORKSHOPS_DIR/SLUG.json; the caller frees it. */
char *registry_path(const struct daemon_config *config, const char *slug);

/* Seals each password of a configuration that is plain or sealed with the old key; one that is
 * sealed in `before` (may be NULL) keeps that sealed text. */
void registry_seal(struct daemon_config *config, const struct daemon_config *before,
                   const struct master_keys *keys);

/* Adds a fault if the workshop's password is sealed and does not open: another binding, or another
 * key. To be called after registry_seal. */
void registry_check_sealed(const struct daemon_config *config,
                           const struct workshop_config *workshop, const struct master_keys *keys,
                           struct json_faults *faults);

/* Checks a document (borrowed) as that of SLUG: by itself, its sealed password, and against the
 * other workshops of config. recipe is that of its `erp`, if it has been checked before; NULL: it
 * is read. Adds every fault; returns the workshop if there is no fault in *faults at all, its
 * password sealed, for the caller to free; otherwise NULL. */
struct workshop_config *registry_propose(const struct daemon_config *config,
                                         const struct master_keys *keys, const char *slug,
                                         const json_t *document, json_t *recipe,
                                         struct json_faults *faults);

/* Whether SLUG's file matches config: no such file, or this workshop. */
bool registry_in_step(const struct daemon_config *config, const struct master_keys *keys,
                      const char *slug);

/* The same, but a secret that is plain in the file, or sealed with the old key, does not match. */
bool registry_is_written(const struct daemon_config *config, const char *slug);

/* Seals what is plain, or sealed with the old key, in the file of SLUG at path: as in config, if
 * that has the same password. A missing file needs no sealing. */
int registry_reseal(const struct daemon_config *config, const struct master_keys *keys,
                    const char *path, const char *slug, struct err *err)
    __attribute__((warn_unused_result));

/* Replaces the workshop's file durably (disk_replace). */
int registry_write(const struct daemon_config *config, const struct workshop_config *workshop,
                   struct err *err) __attribute__((warn_unused_result));

#endif
