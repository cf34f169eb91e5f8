/* Finds the handler of a call in a table; answers 404 and 405 (with Allow) by itself. */
#ifndef COMMON_HTTP_ROUTE_H
#define COMMON_HTTP_ROUTE_H

#include "common/http/call.h"

struct route {
    const char *method;  /* "GET" serves HEAD too */
    const char *pattern; /* "/orders/{uniqueid}/retry"; a last segment "*" takes whatever follows */
    void (*handle)(struct call *call, void *context);
    unsigned access; /* what the caller must hold; the table's owner gives it a meaning */
};

/* Returns what the access check says: true to go on; false when it has replied itself. */
typedef bool route_access(struct call *call, const struct route *route, void *context);

/* Fills call->params and call->tail and calls the first route that fits; more special patterns
 * stand first. check may be NULL. A pattern whose method differs counts for Allow. A segment that
 * can't be decoded is 404. */
void route_dispatch(const struct route *routes, size_t count, struct call *call,
                    route_access *check, void *context);

#endif
