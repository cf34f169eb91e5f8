/* The meaning of a failure for the order, and the end of an attempt. */
#ifndef ERP_DRIVERS_WEBDRIVER_FAILURE_H
#define ERP_DRIVERS_WEBDRIVER_FAILURE_H

#include "erp-drivers/webdriver/attempt.h"

/* Determines the meaning of attempt.failure. DONE: attempt.ended with the verdict, or it continues
 * with a new login (attempt.lost) or a look-up (attempt.refusal). reply: NULL initially. */
enum result failure_continue(struct attempt *a, const struct wire_reply *reply);

/* Checks the error rules after the commit. DONE: none holds. reply: NULL initially. */
enum result failure_look(struct attempt *a, const struct wire_reply *reply);

/* Ends by comparing what was found with the order; amount_code: if only the amount differs. */
void failure_compare(struct attempt *a, const char *amount_code);

#endif
