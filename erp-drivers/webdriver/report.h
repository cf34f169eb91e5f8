/* What people see of an attempt: evidence with its outcome, and for a dry run each step. */
#ifndef ERP_DRIVERS_WEBDRIVER_REPORT_H
#define ERP_DRIVERS_WEBDRIVER_REPORT_H

#include "erp-drivers/webdriver/attempt.h"

/* Adds a reply's value to the outcome as evidence; does nothing if it is none. */
void report_picture(struct attempt *a, const json_t *value);
void report_source(struct attempt *a, const json_t *value);

/* For a dry run; otherwise does nothing. */
void report_begins(const struct attempt *a);
void report_sets(const struct attempt *a, const char *name, const char *value);
void report_ends(const struct attempt *a, enum result result);
void report_fails(const struct attempt *a);
void report_renews(const struct attempt *a);

#endif
