/* What a failure means for the order, and how an attempt ends. */
#ifndef ERP_DRIVERS_WEBDRIVER_FAILURE_H
#define ERP_DRIVERS_WEBDRIVER_FAILURE_H

#include "erp-drivers/webdriver/attempt.h"

/* Finds out what attempt.failure means. DONE: attempt.ended and how, or else it goes on with a new
 * log-in (attempt.lost) or a look-up (attempt.refusal). reply: NULL to begin. */
enum result failure_continue(struct attempt *a, const struct wire_reply *reply);

/* Looks whether an error rule holds after the commit: DONE: none does. reply: NULL to begin. */
enum result failure_look(struct attempt *a, const struct wire_reply *reply);

/* Ends by what was found against what was ordered; amount_code: where the amount alone differs. */
void failure_compare(struct attempt *a, const char *amount_code);

#endif
