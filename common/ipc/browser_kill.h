/* Ends browsers that WebDriver cannot end: kills every process of this machine that has a
 * workshop's mark among its arguments, and all its descendants.
 *
 * WebDriver ends a browser by a request to its driver. If the browser is stopped or busy, the
 * driver does not answer; and a browser that was just starting when its worker died is unknown.
 * Only browsers on this machine can be killed, by root with CAP_KILL or by the browser's own user.
 * A browser on another machine is ended by the note of its session
 * (erp-drivers/webdriver/lifecycle.c): both ways are needed, as lifecycle_test.c and
 * test_browser_kill.py show. */
#ifndef COMMON_IPC_BROWSER_KILL_H
#define COMMON_IPC_BROWSER_KILL_H

#include "common/base/err.h"

#define BROWSER_MARK_SWITCH                                                                        \
    "--pumpline-browser=" /* followed by the mark; browsers ignore unknown arguments */
/* From the request for a browser to its process takes less than one second, even with two
 * processors and six jobs each. A browser that may still be starting is searched for during this
 * time, at this interval. */
#define BROWSER_APPEARS_MS 6000
#define BROWSER_KILL_PAUSE_MS 500
#define BROWSER_MARK_BYTES 33 /* hexadecimal and a NUL */

/* The mark of a workshop's browsers, unique on this machine across workshops and daemons. state_dir
 * must exist. */
int browser_mark(const char *state_dir, const char *slug, char mark[BROWSER_MARK_BYTES],
                 struct err *err) __attribute__((warn_unused_result));

/* A unique mark. */
void browser_mark_new(char mark[BROWSER_MARK_BYTES]);

/* Kills them and returns the number of browsers. Reads all of /proc several times. */
unsigned browser_kill_marked(const char *mark);

#endif
