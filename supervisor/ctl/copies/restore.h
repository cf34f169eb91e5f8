/* Puts copies in place. Nothing is erased: what was there is moved to STATE_DIR/removed. */
#ifndef SUPERVISOR_CTL_COPIES_RESTORE_H
#define SUPERVISOR_CTL_COPIES_RESTORE_H

#include "supervisor/ctl/copies/manifest.h"

/* Whether nothing can work on the workshop's queue here: the daemon is stopped (and kept out), does
 * not know the workshop, or it is inactive. If not, it has been said. */
bool restore_is_idle(struct ctl *ctl, const struct site *site, const char *slug);

/* Puts one workshop's queue and file in place, the file last. edit: changes the file's document. -1
 * after reporting why: repeat it. */
int restore_workshop(const struct site *site, const json_t *manifest, const char *folder,
                     const char *slug, void (*edit)(json_t *document, const char *slug));

/* The recipes that this machine lacks. -1 after reporting why. */
int restore_recipes(const struct site *site, const json_t *manifest, const char *folder);

/* Lets a running daemon read the files, or says that it must be started. An exit status. */
int restore_apply(struct ctl *ctl, const struct site *site);

#endif
