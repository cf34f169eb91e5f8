/* How the server answers a request that no handler sees: the part of the guard that writes.
 *
 * http_error.c also defines evhttp_send_error, in the place of libevent's own. */
#ifndef COMMON_HTTP_ERROR_H
#define COMMON_HTTP_ERROR_H

#include <stddef.h>

#define HTTP_HEADERS_BYTES_MAX 16384u /* all header fields of a request */

struct evhttp_request;

/* Sends a reply with this body (borrowed); content_type may be NULL. */
void http_error_send(struct evhttp_request *req, int status, const char *content_type,
                     const char *body, size_t length);

/* Sends a problem and closes the connection: what follows on it can't be trusted. */
void http_error_refuse(struct evhttp_request *req, int status, const char *code,
                       const char *detail);

#endif
