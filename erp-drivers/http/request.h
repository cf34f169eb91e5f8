/* A step's request. */
#ifndef ERP_DRIVERS_HTTP_REQUEST_H
#define ERP_DRIVERS_HTTP_REQUEST_H

#include "erp-drivers/http/attempt.h"

/* Fills the job's request from a step. */
enum result request_send(struct attempt *a, const json_t *step, const char *method);

#endif
