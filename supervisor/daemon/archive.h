/* What is left of a workshop that was removed: STATE/removed/SLUG-YYYYMMDDTHHMMSSZ/ with its
 * `queue` (nobody's orders are erased) and its SLUG.json, whose sealed credentials and key's slug
 * belong to the queue. Moving both back serves it again. */
#ifndef SUPERVISOR_DAEMON_ARCHIVE_H
#define SUPERVISOR_DAEMON_ARCHIVE_H

#include <stdbool.h>

#include "common/config/config.h"

/* STATE/queues/SLUG; the caller frees it. */
char *archive_queue_path(const struct daemon_config *config, const char *slug);

/* Whether STATE/queues/SLUG is there. */
bool archive_has_queue(const struct daemon_config *config, const char *slug);

/* Moves the queue, then the workshop's file aside, each durably; what a daemon that died had begun
 * is finished in the folder that it had made. *queue is where the queue is now, for the caller to
 * free; NULL: there was none. No process may have the queue open. -1 with *err: called again, it
 * goes on from where it stopped. */
int archive_workshop(const struct daemon_config *config, const struct workshop_config *workshop,
                     char **queue, struct err *err) __attribute__((warn_unused_result));

#endif
