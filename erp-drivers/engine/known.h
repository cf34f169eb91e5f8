/* What a recipe can be asked, and what its `check` says about a worksheet. */
#ifndef ERP_DRIVERS_ENGINE_KNOWN_H
#define ERP_DRIVERS_ENGINE_KNOWN_H

#include "erp-drivers/driver.h"

/* Whether erp's recipe can be asked about worksheets, and shows all lines of one. */
bool known_can_check(const json_t *erp);
bool known_looks_in_worksheet(const json_t *erp);

/* Whether a job looks a line up by its id. */
bool known_asks_for_line(const struct erp_job *job);

/* The members of a `known` step with a text for people; NULL behind the last. */
const char *known_member(size_t i);
#define KNOWN_MEMBERS 2

/* Takes a step `known`: what is "worksheet", "product" or "amount"; texts: of its members (NULL:
 * absent). True: nothing more was asked, and the section is through. */
bool known_take(const struct erp_job *job, const char *what, char *const texts[KNOWN_MEMBERS]);

/* The section is through, and nothing was refused. */
enum erp_verdict known_end(const struct erp_job *job, struct erp_outcome *outcome);

/* Whether what was asked for in order to try the login is not there: the login works. */
bool known_proves_login(const struct erp_job *job, const char *reason_code);

#endif
