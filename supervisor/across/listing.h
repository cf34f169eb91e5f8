/* GET /orders over all workshops: newest first, in pages.
 *
 * Owns each such call. Only those workshops are asked that may have such orders, as far as their
 * figures tell, and each only for as many as are needed. */
#ifndef SUPERVISOR_ACROSS_LISTING_H
#define SUPERVISOR_ACROSS_LISTING_H

#include "common/http/call.h"
#include "supervisor/across/asks.h"

#define LISTING_CALLS_MAX 8 /* at once; more: 503 */

struct listings;

/* answer: gives a message `reply` of a worker to a call. */
struct listings *listings_new(struct daemon *daemon, struct asks *asks,
                              void (*answer)(struct call *call, const json_t *reply));
void listings_free(struct listings *listings); /* each open call: 503; before asks_free */

/* Takes over the call. */
void listings_start(struct listings *listings, struct call *call);

#endif
