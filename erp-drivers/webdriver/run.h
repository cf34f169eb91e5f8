/* Runs a section's steps. */
#ifndef ERP_DRIVERS_WEBDRIVER_RUN_H
#define ERP_DRIVERS_WEBDRIVER_RUN_H

#include "erp-drivers/webdriver/verbs/verbs.h"

/* DONE: the section is done. */
enum result run_continue(struct attempt *a, const struct wire_reply *reply);

/* NULL: no verb. */
verb_function *run_find_verb(const char *verb);

/* The browser can no longer reach the ERP: what is awaited comes at once or never. */
void run_cut_off(struct attempt *a, const char *why);

#endif
