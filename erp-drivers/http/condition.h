/* Conditions about texts and the last reply. */
#ifndef ERP_DRIVERS_HTTP_CONDITION_H
#define ERP_DRIVERS_HTTP_CONDITION_H

#include "erp-drivers/http/attempt.h"

enum truth { NO, YES, BROKEN /* FAILED is set */ };

#define CONDITION_WHY_BYTES 320

/* why: why it is NO. */
enum truth condition_holds(struct attempt *a, const json_t *condition,
                           char why[CONDITION_WHY_BYTES]);

/* Whether a status is "4xx", 404 or one of a list. */
bool condition_status(const json_t *wanted, int status);

/* Whether each condition that an object names holds; of a rule, for example. */
enum truth condition_all(struct attempt *a, const json_t *parts, char why[CONDITION_WHY_BYTES]);

#endif
