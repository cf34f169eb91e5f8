/* A step's request, what its reply means, and the pages of a list. */
#ifndef ERP_DRIVERS_HTTP_REQUEST_H
#define ERP_DRIVERS_HTTP_REQUEST_H

#include "erp-drivers/http/walk.h"

/* Fills the job's request from a step. */
enum result request_send(struct walk *a, const json_t *step, const char *method);

/* DONE: its variable is set. SENT: the next page is asked for. */
enum result request_take(struct walk *a, const json_t *step, const struct erp_reply *reply);

#endif
