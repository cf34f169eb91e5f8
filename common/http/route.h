/* Finds the handler of a call in a table; answers 404 and 405 (with Allow) itself. */
#ifndef COMMON_HTTP_ROUTE_H
#define COMMON_HTTP_ROUTE_H

#include "common/http/call.h"

struct route {
    const char *method;  /* "GET" serves HEAD too */
    const char *pattern; /* "/orders/{uniqueid}/retry"; a last segment "*" matches the rest */
    void (*handle)(struct call *call, void *context);
    unsigned access; /* the right that the caller needs; the table's owner defines it */
};

/* The access check: true to go on; false if it has replied. */
typedef bool route_access(struct call *call, const struct route *route, void *context);

/* Fills call->params and call->tail and calls the first route that matches; more specific patterns
 * come first. check may be NULL. A matching pattern with another method counts for Allow. A segment
 * that cannot be decoded is 404. */
void route_dispatch(const struct route *routes, size_t count, struct call *call,
                    route_access *check, void *context);

#endif
