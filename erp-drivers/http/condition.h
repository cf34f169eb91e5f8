/* Conditions about texts and the last reply, and the error rules. */
#ifndef ERP_DRIVERS_HTTP_CONDITION_H
#define ERP_DRIVERS_HTTP_CONDITION_H

#include "erp-drivers/http/walk.h"

enum truth { NO, YES, BROKEN /* FAILED is set */ };

#define CONDITION_WHY_BYTES 320

/* why: why it is NO. */
enum truth condition_holds(struct walk *a, const json_t *condition, char why[CONDITION_WHY_BYTES]);

/* Whether a status is "4xx", 404 or one of a list. */
bool condition_status(const json_t *wanted, int status);

/* FAILED by the first error rule that holds for the last reply; DONE: none does. */
enum result rules_check(struct walk *a);

#endif
