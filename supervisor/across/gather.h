/* Calls that one workshop or each of them answers: GET /report, and GET /worksheets… with
 * workshop=.
 */
#ifndef SUPERVISOR_ACROSS_GATHER_H
#define SUPERVISOR_ACROSS_GATHER_H

#include "common/http/call.h"
#include "supervisor/across/asks.h"

#define GATHER_BYTES_MAX                                                                           \
    (32u << 20)            /* of one reply; beyond, the other workshops are `incomplete` */
#define GATHER_CALLS_MAX 4 /* of all workshops, at once; more: 503 */

struct gathers;

struct gathers *gathers_new(struct daemon *daemon, struct asks *asks,
                            void (*answer)(struct call *call, const json_t *reply));
void gathers_free(struct gathers *gathers); /* each open call: 503; before asks_free */

/* Without `workshop`: {"workshops": [each one's report], "incomplete"}, or one CSV whose first
 * column is the workshop. Takes over the call, here and below. */
void gathers_report(struct gathers *gathers, struct call *call);

/* needs_process: a queue alone cannot answer it. */
void gathers_worksheet(struct gathers *gathers, struct call *call, bool needs_process);

#endif
