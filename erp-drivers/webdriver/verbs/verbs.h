/* The verbs of steps. */
#ifndef ERP_DRIVERS_WEBDRIVER_VERBS_H
#define ERP_DRIVERS_WEBDRIVER_VERBS_H

#include "erp-drivers/webdriver/attempt.h"

/* The function of a verb. reply: NULL in the first call and after AGAIN. */
typedef enum result verb_function(struct attempt *a, const struct wire_reply *reply);

/* verbs.c: conditions and variables. */
verb_function verb_wait, verb_assert, verb_fail, verb_when, verb_read, verb_set, verb_call;

/* rows.c: rows and lists, and what they show of our line. */
verb_function verb_each, verb_found, verb_known, verb_list, verb_unchanged;

/* input.c: mouse and keyboard. */
verb_function verb_click, verb_check, verb_select, verb_type, verb_clear, verb_press;

/* browser.c: pages, frames, windows, dialogs and scripts. */
verb_function verb_goto, verb_frame, verb_window, verb_dialog, verb_script;

/* For the verbs that are the same for APIs. (verbs.c) */
extern const struct engine_calls webdriver_calls;

/* At the end of a section. FAILED: it has several lines of our id, and not each was reported as
 * found. (rows.c) */
enum result duplicates_end(struct attempt *a);

/* A member of the current step. */
static inline const json_t *
member(const struct attempt *a, const char *name)
{
    return json_object_get(a->step.json, name);
}

#endif
