/* Carries out a driver's file requests: read, durable write, durable rename. It blocks for as long
 * as the disk does. */
#ifndef WORKER_FILES_H
#define WORKER_FILES_H

#include "erp-drivers/driver.h"

#define FILES_BYTES_MAX 65536u /* a file that is read back */

/* Fills *reply; the caller frees *body, which reply->body points to. */
void files_perform(const struct erp_request *request, struct erp_reply *reply, char **body);

#endif
