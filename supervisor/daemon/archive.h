/* The archive of a removed workshop: STATE/removed/SLUG-YYYYMMDDTHHMMSSZ/ with its `queue` (orders
 * are never deleted) and its SLUG.json, whose sealed credentials and slug (for the key) belong to
 * the queue. Moving both back serves it again. */
#ifndef SUPERVISOR_DAEMON_ARCHIVE_H
#define SUPERVISOR_DAEMON_ARCHIVE_H

#include <stdbool.h>

#include "common/config/config.h"

/* STATE/queues/SLUG; the caller frees it. */
char *archive_queue_path(const struct daemon_config *config, const char *slug);

/* Whether STATE/queues/SLUG exists. */
bool archive_has_queue(const struct daemon_config *config, const char *slug);

/* Archives the queue, then the workshop's file, each durably; continues an archive that a daemon
 * which died had started. *queue is where the queue is now, for the caller to free; NULL: there was
 * none. No process may have the queue open. -1 with *err: a repeated call continues where it
 * stopped. */
int archive_workshop(const struct daemon_config *config, const struct workshop_config *workshop,
                     char **queue, struct err *err) __attribute__((warn_unused_result));

#endif
