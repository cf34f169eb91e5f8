/* Conditions and error rules, as far as they can be told without the page. */
#ifndef ERP_DRIVERS_WEBDRIVER_CONDITION_H
#define ERP_DRIVERS_WEBDRIVER_CONDITION_H

#include "erp-drivers/webdriver/attempt.h"

enum truth { NO, YES, UNKNOWN /* the page must say */, BROKEN /* FAILED is set */ };

/* By what the step knows of dialogs and windows, and by plain texts; step.why where it is NO. */
enum truth condition_known(struct attempt *a, const json_t *condition);

/* What of a condition the page must answer; the rest is in it as constants. NULL: FAILED is set. */
json_t *condition_reduce(struct attempt *a, const json_t *condition);

/* Whether it is about "dialog", "windows", … */
bool condition_mentions(const json_t *condition, const char *word);

/* The error rules for the page: all, or those that a waiting step looks at; an array. */
json_t *rules_for_page(struct attempt *a, bool at_once);

/* FAILED by the error rule of this number; message: what the page says; NULL: nothing. */
enum result rules_fail(struct attempt *a, json_int_t number, const char *message);

/* FAILED by the first rule that holds by the dialog that is open; nothing where none does. */
void rules_fail_by_dialog(struct attempt *a);

#endif
