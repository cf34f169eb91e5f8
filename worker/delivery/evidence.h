/* Screenshots and sources of pages that were not as a recipe expects, for repairing it: files in
 * QUEUE_FOLDER/evidence, named in the order's history.
 *
 * Limited in number and size, the oldest are removed first; a failure never affects an order:
 * evidence that cannot be kept is dropped. */
#ifndef WORKER_DELIVERY_EVIDENCE_H
#define WORKER_DELIVERY_EVIDENCE_H

#include <jansson.h>

#include "common/order/order.h"
#include "erp-drivers/driver.h"

#define EVIDENCE_FILES_MAX 50
#define EVIDENCE_BYTES_MAX (32u << 20)      /* of all */
#define EVIDENCE_FILE_BYTES_MAX (4u << 20)  /* a longer text is cut, a larger screenshot dropped */
#define EVIDENCE_DISK_BYTES_MIN (64u << 20) /* with less free disk space nothing is kept */

/* Writes the outcome's evidence; the order's history_length distinguishes the attempts. Returns the
 * names, owned by the caller; NULL: nothing was kept. queue_folder: the queue's. */
json_t *evidence_keep(const char *queue_folder, const struct order *order,
                      const struct erp_outcome *outcome);

/* The path of a file named in a history, for the caller to free. NULL: not a valid name. */
char *evidence_path(const char *queue_folder, const char *name);

/* Reads a whole file: 0 with *bytes for the caller to free, or -1: it is gone. */
int evidence_read(const char *queue_folder, const char *name, char **bytes, size_t *length);

/* Removes those written before before_ms (wall clock). */
void evidence_expire(const char *queue_folder, int64_t before_ms);

#endif
