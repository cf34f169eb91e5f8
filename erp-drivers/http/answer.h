/* What the reply to a step's request means, and the pages of a list. */
#ifndef ERP_DRIVERS_HTTP_ANSWER_H
#define ERP_DRIVERS_HTTP_ANSWER_H

#include "erp-drivers/http/attempt.h"

/* DONE: its variable is set. SENT: the next page is asked for. */
enum result answer_take(struct attempt *a, const json_t *step, const struct erp_reply *reply);

#endif
