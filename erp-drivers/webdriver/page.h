/* Queries to the page's script (page.js), and its answers. */
#ifndef ERP_DRIVERS_WEBDRIVER_PAGE_H
#define ERP_DRIVERS_WEBDRIVER_PAGE_H

#include "erp-drivers/webdriver/attempt.h"

/* The script, which the build composes of page_text.js, page_find.js and page.js
 * (CMakeLists.txt). */
const char *page_script(void);

/* Asks op with its members (taken over; NULL: FAILED is already set), first looking up the row that
 * they refer to. */
enum result page_ask(struct attempt *a, const char *op, json_t *question);

/* The same without a row. */
enum result page_ask_plainly(struct attempt *a, const char *op, json_t *question);

/* Asks only for error rules that hold: the answer is no, why, or a rule. */
enum result page_ask_rules(struct attempt *a, const char *why);

/* Asks for an element; need is "present", "enabled", "type" or "click". */
enum result page_ask_element(struct attempt *a, const json_t *locator, const char *need);

/* Asks for the rows of an each, or for a list; row: what "row" means in its locators. */
enum result page_ask_rows(struct attempt *a, const json_t *step, const struct level *row);

/* Takes an answer: DONE with *yes, and step.why if it is no. */
enum result page_take(struct attempt *a, const struct wire_reply *reply, bool *yes);

/* The same if only yes is acceptable: asked again until the time is up. */
enum result page_take_yes(struct attempt *a, const struct wire_reply *reply);

/* Keeps the element of an answer as step.element. */
enum result page_take_element(struct attempt *a, const struct wire_reply *reply);

/* Enters the frames of a->frames, from the top document. DONE: all are entered. reply: NULL to
 * begin. */
enum result page_enter_frames(struct attempt *a, const struct wire_reply *reply);

#endif
