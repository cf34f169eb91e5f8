/* What a folder of copies contains, in its manifest.json: written last, so that a folder without
 * one is not complete. {"pumpline", "kind", "made_at", "host", "keys": [fingerprints], "files":
 * {path: hash}}, and of a workshop that moves, "id". */
#ifndef SUPERVISOR_CTL_COPIES_MANIFEST_H
#define SUPERVISOR_CTL_COPIES_MANIFEST_H

#include "supervisor/ctl/copies/copy.h"
#include "supervisor/ctl/copies/site.h"

/* An empty one of this machine and moment. The caller owns it. */
json_t *manifest_new(const struct site *site, const char *kind);

/* Copies a file into the folder as `name` and lists it. -1 after reporting why. */
int manifest_copy(json_t *manifest, const char *from, const char *folder, const char *name);
void manifest_add(json_t *manifest, const char *name, const char *hash);

/* -1 after reporting why. */
int manifest_write(const json_t *manifest, const char *folder);

/* Reads and checks it; NULL after reporting why. The caller owns it. */
json_t *manifest_read(const char *folder);

const char *manifest_hash(const json_t *manifest, const char *name);

/* The slugs of its workshops, in order, as a list. The caller owns it. */
json_t *manifest_slugs(const json_t *manifest);

/* Whether the keys of this site open what is sealed in the copies; if not, it has been said. */
bool manifest_fits_keys(const json_t *manifest, const struct site *site);

/* Says that the key is not in the folder, and where it must go. */
void manifest_say_key(const json_t *manifest, const struct site *site);

#endif
