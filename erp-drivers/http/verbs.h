/* The verbs that send nothing. */
#ifndef ERP_DRIVERS_HTTP_VERBS_H
#define ERP_DRIVERS_HTTP_VERBS_H

#include "erp-drivers/http/attempt.h"

/* DONE: on to the next step, or into the steps that it has put on top. */
typedef enum result verb_function(struct attempt *a, const json_t *step);

verb_function http_read, http_set, http_keep, http_wait, http_assert, http_when, http_each,
    http_call, http_found, http_known, http_fail, http_store;

/* For the verbs that are the same for pages. */
extern const struct engine_calls http_calls;

/* A wait's steps are through: whether it is over; else they are gone through once more. */
enum result http_wait_again(struct attempt *a, struct level *level, bool *over);

#endif
