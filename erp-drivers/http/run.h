/* Going through a section's steps. */
#ifndef ERP_DRIVERS_HTTP_RUN_H
#define ERP_DRIVERS_HTTP_RUN_H

#include "erp-drivers/http/attempt.h"

/* reply: to the request under way; NULL: none is. DONE: the section is through. */
enum result section_continue(struct attempt *a, const struct erp_reply *reply);

#endif
