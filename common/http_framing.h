/* What evhttp lets through and two readers could understand differently (RFC 9112, 6.3 and 11.2).
 */
#ifndef COMMON_HTTP_FRAMING_H
#define COMMON_HTTP_FRAMING_H

struct evhttp_request;

/* What is wrong with a request that evhttp has read, in words; NULL: it is sound. static. */
const char *http_framing_fault(struct evhttp_request *req);

#endif
