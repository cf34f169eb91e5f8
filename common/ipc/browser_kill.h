/* Ends browsers that are out of reach: every process of this machine that has a workshop's
 * mark among its arguments, and all below it, is killed.
 *
 * WebDriver's own way to end a browser is a request to its driver. A browser that is stopped or
 * busy makes the driver deaf for it, and one that was just being started when its worker died is
 * known to nobody. Only browsers on this machine can be ended like this, by root with CAP_KILL or
 * by the browser's own user. A browser on another machine is ended by the note of its session
 * (erp-drivers/webdriver/lifecycle.c): neither way does without the other, as lifecycle_test.c and
 * test_browser_kill.py show. */
#ifndef COMMON_IPC_BROWSER_KILL_H
#define COMMON_IPC_BROWSER_KILL_H

#include "common/base/err.h"

#define BROWSER_MARK_SWITCH                                                                        \
    "--pumpline-browser=" /* the mark follows; browsers ignore what they don't know */
/* From the request for a browser to its process: below one second where two processors have six
 * things to do each. As long is one looked for, so often, that may still be on its way. */
#define BROWSER_APPEARS_MS 6000
#define BROWSER_KILL_PAUSE_MS 500
#define BROWSER_MARK_BYTES 33 /* hexadecimal and NUL */

/* The mark of a workshop's browsers, which no other workshop's or daemon's on this machine have.
 * state_dir must be there. */
int browser_mark(const char *state_dir, const char *slug, char mark[BROWSER_MARK_BYTES],
                 struct err *err) __attribute__((warn_unused_result));

/* A unique mark. */
void browser_mark_new(char mark[BROWSER_MARK_BYTES]);

/* Ends them and says how many browsers there were. Takes as long as reading all of /proc some
 * times. */
unsigned browser_kill_marked(const char *mark);

#endif
