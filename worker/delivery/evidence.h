/* Pictures and sources of pages that were not as a recipe says, for those who repair it: files in
 * QUEUE_FOLDER/evidence, named in the order's history.
 *
 * Bounded in number and size, the oldest go first; they never cost an order anything: what can't be
 * kept is left out. */
#ifndef WORKER_DELIVERY_EVIDENCE_H
#define WORKER_DELIVERY_EVIDENCE_H

#include <jansson.h>

#include "common/order/order.h"
#include "erp-drivers/driver.h"

#define EVIDENCE_FILES_MAX 50
#define EVIDENCE_BYTES_MAX (32u << 20)      /* of all */
#define EVIDENCE_FILE_BYTES_MAX (4u << 20)  /* a longer text is cut, a larger picture left out */
#define EVIDENCE_DISK_BYTES_MIN (64u << 20) /* with less room on the disk nothing is kept */

/* Writes what the outcome brings; the order's history_length tells apart the attempts. The names,
 * for the caller to own; NULL: nothing was kept. queue_folder: the queue's. */
json_t *evidence_keep(const char *queue_folder, const struct order *order,
                      const struct erp_outcome *outcome);

/* The file of a name that a history holds: its path, for the caller to free. NULL: no such name can
 * be. */
char *evidence_path(const char *queue_folder, const char *name);

/* Reads one whole: 0 with *bytes for the caller to free, or -1: it is gone. */
int evidence_read(const char *queue_folder, const char *name, char **bytes, size_t *length);

/* Removes those that were written before before_ms (wall clock). */
void evidence_expire(const char *queue_folder, int64_t before_ms);

#endif
