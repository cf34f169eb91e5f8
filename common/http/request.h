/* One HTTP/1.1 request, parsed from untrusted bytes. llhttp is the parser; what it would accept but
 * two readers could interpret differently (RFC 9112, section 11) is refused here. Internal to
 * http_server. */
#ifndef COMMON_HTTP_REQUEST_H
#define COMMON_HTTP_REQUEST_H

#include <event2/buffer.h>
#include <llhttp/llhttp.h>
#include <stdbool.h>

#include "common/http/call.h"
#include "common/http/limits.h"

/* The header fields in use. Each may occur once in a request; of those of enum call_field, one
 * that occurs twice counts as absent. */
enum http_field {
    HTTP_HOST,
    HTTP_CONTENT_TYPE,
    HTTP_AUTHORIZATION,
    HTTP_ORIGIN,
    HTTP_EXPECT,
    HTTP_CONTENT_ENCODING,
    HTTP_IF_MATCH,
    HTTP_ACTS_FOR, /* Pumpline-By */
    HTTP_CONTENT_LENGTH,
    HTTP_TRANSFER_ENCODING,
    HTTP_CALL_FIELDS,
    HTTP_FIELDS = HTTP_CALL_FIELDS + CALL_FIELDS
};

/* Zeroed initially, with the limits set. */
struct http_request {
    const struct http_limits *limits;
    llhttp_t parser;
    bool head_complete, complete;
    bool keep_alive; /* the client asks to keep the connection; valid once complete */
    bool in_data;    /* what follows is body data, not a line */
    bool size_next;  /* the next line is the size of a chunk */
    char *target;    /* in origin form; NULL: the request line has not arrived */
    char *fields[HTTP_FIELDS];
    unsigned seen; /* a bit for each field */
    unsigned field_count;
    size_t field_bytes, chunk_bytes; /* bytes of lines: in the head, and around the chunks' data */
    char *body;                      /* NULL: none has arrived */
    size_t body_length;
    int status;       /* 0: no fault so far */
    char detail[112]; /* of the fault */
};

/* Consumes as much of the input as belongs to this request and can be judged. Afterwards the
 * request has a fault, is complete, or needs more bytes. */
void http_request_read(struct http_request *request, struct evbuffer *input);

/* Gives a new call the body and the fields. */
void http_request_give(struct http_request *request, struct call *call);

/* Resets it for the next request. Zeroes what may contain a secret. */
void http_request_clear(struct http_request *request);

#endif
