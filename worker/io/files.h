/* Carries out a driver's file requests: read, durable write, durable rename. Blocks as long as the
 * disk does. */
#ifndef WORKER_IO_FILES_H
#define WORKER_IO_FILES_H

#include "erp-drivers/driver.h"
#include "worker/sandbox/pinned_path.h"

#define FILES_BYTES_MAX 65536u /* maximum size of a file that is read back */

/* Paths in this folder, and its own, are accessed through its descriptor as long as its path leads
 * there; others by path. Borrowed; NULL: none. */
void files_use(const struct pinned_path *folder);

/* Fills *reply; the caller frees *body, which reply->body points to; reply->error is
 * valid until the next call. */
void files_perform(const struct erp_request *request, struct erp_reply *reply, char **body);

#endif
