/* The error rules: what the ERP's no means. */
#ifndef ERP_DRIVERS_HTTP_RULES_H
#define ERP_DRIVERS_HTTP_RULES_H

#include "erp-drivers/http/attempt.h"

/* FAILED by the first error rule that holds for the last reply; DONE: none does. */
enum result rules_check(struct attempt *a);

#endif
