/* Finds the handler of a call in a table; answers 404 and 405 (with Allow) itself. */
#ifndef COMMON_HTTP_ROUTE_H
#define COMMON_HTTP_ROUTE_H

#include "common/http/call.h"

#define ROUTE_ANY_QUERY "*" /* the receiver of the call checks them */

struct route {
    const char *method;  /* "GET" serves HEAD too */
    const char *pattern; /* "/orders/{uniqueid}/retry"; a last segment "*" matches the rest */
    void (*handle)(struct call *call, void *context);
    unsigned access;   /* the right that the caller needs; the table's owner defines it */
    const char *query; /* its parameters, separated by spaces; NULL: none; or ROUTE_ANY_QUERY */
    bool body;         /* it takes one, or looks at it itself: see route_allows_body */
};

/* The access check: true to go on; false if it has replied. */
typedef bool route_access(struct call *call, const struct route *route, void *context);

/* Fills call->params and call->tail and calls the first route that matches; more specific patterns
 * come first. A parameter that it does not know is 400 "unknown_parameter". check may be NULL. A
 * matching pattern with another method counts for Allow. A segment that cannot be decoded is 404.
 */
void route_dispatch(const struct route *routes, size_t count, struct call *call,
                    route_access *check, void *context);

/* For an access check: false, with a reply, if a call that changes something has members in a body
 * although its route takes none. */
bool route_allows_body(const struct route *route, struct call *call);

#endif
