/* The phases of an attempt, in their order. */
#ifndef ERP_DRIVERS_WEBDRIVER_PHASES_H
#define ERP_DRIVERS_WEBDRIVER_PHASES_H

#include "erp-drivers/webdriver/attempt.h"

/* One turn, as far as it goes without another reply: SENT, or DONE with a->verdict and a->outcome.
 * reply: to what the last turn sent; NULL: nothing was sent. */
enum result phases_run(struct attempt *attempt, const struct wire_reply *reply);

#endif
