/* One attempt at one order line in Tryton: the calls that it takes, in their order, and what each
 * answer means. Knows no login, no session and no transport.
 *
 * The line's internal note holds our uniqueid. Every attempt looks for it first; the write carries
 * the worksheet's time stamp, so that it fails where the worksheet has changed since it was read.
 */
#ifndef ERP_DRIVERS_TRYTON_STEPS_H
#define ERP_DRIVERS_TRYTON_STEPS_H

#include "erp-drivers/driver.h"

/* What the answers so far have told. */
struct tryton_line {
    const struct order *order;
    size_t step; /* index of the call that is due or under way */
    json_int_t product, unit, sale;
    char *time_stamp; /* of the sale; JSON text, sent back as it came */
    char *unit_price; /* JSON text, sent back as it came */
    char *taxes;      /* JSON text of ids, NULL: none */
};

struct tryton_step {
    const char *what; /* for logs and reasons */
    const char *method;
    bool commits;
    bool search; /* the answer is a list of rows with an id */
    bool repeat; /* only where an earlier write may still be under way in the ERP */
    /* The call's parameters as JSON text. context: members of the context object, may be empty */
    char *(*params)(const struct tryton_line *line, const char *context);
    /* ERP_SEND: go on with the next step. */
    enum erp_verdict (*take)(struct tryton_line *line, const json_t *result,
                             struct erp_outcome *outcome);
};

/* The step that is due. */
const struct tryton_step *tryton_step_due(const struct tryton_line *line);

/* Takes the answer to the step that is due, and goes on to the next one. */
enum erp_verdict tryton_step_take(struct tryton_line *line, const json_t *result,
                                  struct erp_outcome *outcome);

/* Back to the first step, all answers forgotten. */
void tryton_line_reset(struct tryton_line *line);

#endif
