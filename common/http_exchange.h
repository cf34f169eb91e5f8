/* The carrier of a call over HTTP: a request in a handler's hands, its reply on the way, or its
 * stream. Inside http_server. */
#ifndef COMMON_HTTP_EXCHANGE_H
#define COMMON_HTTP_EXCHANGE_H

#include "common/call.h"

struct evhttp_request;
struct exchange;

/* Those of one server. Zeroed at first. */
struct http_exchanges {
    struct exchange *open; /* what the handler has got and whose reply is not yet with the kernel */
    unsigned open_count;
    struct exchange *streams; /* not among them: they last until somebody ends them */
    bool draining;            /* each reply says that the connection closes */
};

/* The call that a request is. */
struct call *http_exchange_call(struct http_exchanges *all, struct evhttp_request *req);

/* Before evhttp_free: replies under way are dropped, streams closed; a reply to what the handler
 * still has goes nowhere. */
void http_exchanges_leave(struct http_exchanges *all);

#endif
