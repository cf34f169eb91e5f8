/* What move-out and move-in share. */
#ifndef SUPERVISOR_CTL_COPIES_MOVE_H
#define SUPERVISOR_CTL_COPIES_MOVE_H

#include "supervisor/ctl/copies/manifest.h"

#define MOVE_KIND "move-out"

/* The workshop's file; NULL after reporting why. The caller owns it. */
json_t *move_document(const struct site *site, const char *slug);

/* Replaces it durably. -1 after reporting why. */
int move_write_document(const struct site *site, const char *slug, const json_t *document);

/* The manifest of a folder that move-out has completed; NULL after reporting why. The caller owns
 * it. */
json_t *move_read(const char *folder);

#endif
