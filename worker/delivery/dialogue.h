/* The exchanges with an ERP in the log, for those who look for a fault in a driver or a recipe
 * (option -v). */
#ifndef WORKER_DELIVERY_DIALOGUE_H
#define WORKER_DELIVERY_DIALOGUE_H

#include "erp-drivers/driver.h"

/* Both do nothing unless log_is_verbose(). Headers are never shown: they may hold a session key.
 * Bodies are cut, and the password in them is masked; of a request that is marked secret neither
 * body is shown. */
void dialogue_request(const struct erp_job *job);
void dialogue_reply(const struct erp_job *job, const struct erp_reply *reply);

#endif
