/* Conditions and error rules, as far as they can be evaluated without the page. */
#ifndef ERP_DRIVERS_WEBDRIVER_CONDITION_H
#define ERP_DRIVERS_WEBDRIVER_CONDITION_H

#include "erp-drivers/webdriver/attempt.h"

enum truth { NO, YES, UNKNOWN /* the page must say */, BROKEN /* FAILED is set */ };

/* Evaluates dialogs and windows as the step knows them, and plain texts; sets step.why if it is NO.
 */
enum truth condition_known(struct attempt *a, const json_t *condition);

/* The part of a condition that the page must evaluate; the rest is replaced by constants. NULL:
 * FAILED is set. */
json_t *condition_reduce(struct attempt *a, const json_t *condition);

/* Whether it is about "dialog", "windows", … */
bool condition_mentions(const json_t *condition, const char *word);

/* The error rules for the page: all, or those that a waiting step checks; an array. */
json_t *rules_for_page(struct attempt *a, bool at_once);

/* FAILED by the error rule of this number; message: the page's; NULL: none. */
enum result rules_fail(struct attempt *a, json_int_t number, const char *message);

/* FAILED by the first rule that holds because of the open dialog; does nothing if none does. */
void rules_fail_by_dialog(struct attempt *a);

#endif
