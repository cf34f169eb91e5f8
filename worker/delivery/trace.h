/* Logs the requests and replies exchanged with an ERP, for debugging a driver or a recipe (option
 * -v). */
#ifndef WORKER_DELIVERY_TRACE_H
#define WORKER_DELIVERY_TRACE_H

#include "erp-drivers/driver.h"

/* Both do nothing unless log_is_verbose(). Headers are never logged: they may contain a session
 * key. Bodies are cut, and the password in them is masked; if a request is marked secret, neither
 * body is logged. */
void trace_request(const struct erp_job *job);
void trace_reply(const struct erp_job *job, const struct erp_reply *reply);

#endif
