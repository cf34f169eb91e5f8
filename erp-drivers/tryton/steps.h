/* One attempt at one order line in Tryton: the calls in their order, and the meaning of each
 * result. Knows no login, no session and no transport.
 *
 * The line's internal note contains our uniqueid. Every attempt searches for it first; the write
 * carries the worksheet's time stamp, so that it fails if the worksheet has changed since it was
 * read. */
#ifndef ERP_DRIVERS_TRYTON_STEPS_H
#define ERP_DRIVERS_TRYTON_STEPS_H

#include "erp-drivers/driver.h"

/* Results of the calls so far. */
struct tryton_line {
    const struct order *order;
    size_t step; /* index of the next or current call */
    json_int_t product, unit, sale;
    char *time_stamp; /* of the sale; JSON text, sent back unchanged */
    char *unit_price; /* JSON text, sent back unchanged */
    char *taxes;      /* JSON text of ids, NULL: none */
};

struct tryton_step {
    const char *what; /* for logs and reasons */
    const char *method;
    bool commits;
    bool search; /* the result is a list of rows with an id */
    bool repeat; /* only if an earlier write may still be in progress in the ERP */
    /* The call's parameters as JSON text. context: members of the context object, may be empty */
    char *(*params)(const struct tryton_line *line, const char *context);
    /* ERP_SEND: go on with the next step. */
    enum erp_verdict (*take)(struct tryton_line *line, const json_t *result,
                             struct erp_outcome *outcome);
};

/* The current step. */
const struct tryton_step *tryton_step_due(const struct tryton_line *line);

/* Takes the result of the current step, and goes on to the next one. */
enum erp_verdict tryton_step_take(struct tryton_line *line, const json_t *result,
                                  struct erp_outcome *outcome);

/* Back to the first step; all results are dropped. */
void tryton_line_reset(struct tryton_line *line);

#endif
