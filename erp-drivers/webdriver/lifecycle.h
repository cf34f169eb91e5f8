/* How a browser is started, reset for the next attempt, and closed. In each function reply is NULL
 * initially. */
#ifndef ERP_DRIVERS_WEBDRIVER_LIFECYCLE_H
#define ERP_DRIVERS_WEBDRIVER_LIFECYCLE_H

#include "erp-drivers/webdriver/attempt.h"

/* Starts a browser if there is none. DONE: it shows its main window; FAILED: attempt.ended, and
 * lifecycle_end closes any remains. */
enum result lifecycle_start(struct attempt *a, const struct wire_reply *reply);

/* After an attempt that ended in an unknown state: closes other windows, dismisses dialogs, and
 * leaves the page. FAILED: that is not possible. */
enum result lifecycle_clean(struct attempt *a, const struct wire_reply *reply);

/* Closes it, by its driver or by a kill. DONE: it is gone, or still noted because that is unknown.
 */
enum result lifecycle_end(struct attempt *a, const struct wire_reply *reply);

#endif
