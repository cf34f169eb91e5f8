/* How a browser is started, made ready for the next attempt, and ended. In each of these reply is
 * NULL to begin. */
#ifndef ERP_DRIVERS_WEBDRIVER_LIFECYCLE_H
#define ERP_DRIVERS_WEBDRIVER_LIFECYCLE_H

#include "erp-drivers/webdriver/attempt.h"

/* Starts a browser, where there is none. DONE: it shows its main window; FAILED: attempt.ended,
 * with what there may be of it left to lifecycle_end. */
enum result lifecycle_start(struct attempt *a, const struct wire_reply *reply);

/* After an attempt that ended in the middle of something: other windows are closed, dialogs
 * dismissed, and the page is left. FAILED: that can't be done. */
enum result lifecycle_clean(struct attempt *a, const struct wire_reply *reply);

/* Ends it, by its driver or off this machine. DONE: it is gone; or it is still noted, since nobody
 * knows whether it is. */
enum result lifecycle_end(struct attempt *a, const struct wire_reply *reply);

#endif
