/* Questions to the page's script (page.js), and its answers. */
#ifndef ERP_DRIVERS_WEBDRIVER_PAGE_H
#define ERP_DRIVERS_WEBDRIVER_PAGE_H

#include "erp-drivers/webdriver/attempt.h"

/* The script, as the build puts page_text.js and page.js into the program (CMakeLists.txt). */
const char *page_script(void);

/* Asks op with its members (taken over; NULL: FAILED is set already), finding the row first that
 * they are about. */
enum result page_ask(struct attempt *a, const char *op, json_t *question);

/* The same where no row is meant. */
enum result page_ask_plainly(struct attempt *a, const char *op, json_t *question);

/* Asks for the rules that hold at once, and nothing else: the answer is no, why, or a rule. */
enum result page_ask_rules(struct attempt *a, const char *why);

/* Asks for an element; need is "present", "enabled", "type" or "click". */
enum result page_ask_element(struct attempt *a, const json_t *locator, const char *need);

/* Looks for the rows of an each, or asks for a list; row: the row that "row" means among its
 * locators. */
enum result page_ask_rows(struct attempt *a, const json_t *step, const struct level *row);

/* Takes an answer: DONE with *yes, and step.why where it is no. */
enum result page_take(struct attempt *a, const struct wire_reply *reply, bool *yes);

/* The same where only yes will do: it is asked again until the time is up. */
enum result page_take_yes(struct attempt *a, const struct wire_reply *reply);

/* Keeps the element of an answer as step.element. */
enum result page_take_element(struct attempt *a, const struct wire_reply *reply);

/* Enters the frames of a->frames, from the top document. DONE: all are entered. reply: NULL to
 * begin. */
enum result page_enter_frames(struct attempt *a, const struct wire_reply *reply);

#endif
