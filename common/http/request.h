/* One HTTP/1.1 request, parsed from untrusted bytes. llhttp is the parser; what it would
 * let through and two readers could understand differently (RFC 9112, section 11) is refused here.
 * Inside http_server. */
#ifndef COMMON_HTTP_REQUEST_H
#define COMMON_HTTP_REQUEST_H

#include <event2/buffer.h>
#include <llhttp/llhttp.h>
#include <stdbool.h>

#include "common/http/limits.h"

/* The fields in use. Each may occur once in a request. */
enum http_field {
    HTTP_HOST,
    HTTP_CONTENT_TYPE,
    HTTP_AUTHORIZATION,
    HTTP_ORIGIN,
    HTTP_EXPECT,
    HTTP_CONTENT_ENCODING,
    HTTP_CONTENT_LENGTH,
    HTTP_TRANSFER_ENCODING,
    HTTP_FIELDS
};

/* Zeroed at first, with the limits set. */
struct http_request {
    const struct http_limits *limits;
    llhttp_t parser;
    bool head_complete, complete;
    bool keep_alive; /* the client would like to; once it is complete */
    bool in_data;    /* what follows is data of the body, and no line */
    bool size_next;  /* the next line is the size of a chunk */
    char *target;    /* in origin form; NULL: the request line has not come */
    char *fields[HTTP_FIELDS];
    unsigned seen; /* a bit for each field */
    unsigned field_count;
    size_t field_bytes, chunk_bytes; /* of lines: in the head, and around the data of chunks */
    char *body;                      /* NULL: none has come */
    size_t body_length;
    int status;         /* 0: no fault so far */
    const char *detail; /* of the fault; static */
};

/* Takes as much of the input as belongs to this request and can be judged. What then holds tells
 * what is next: a fault, complete, or neither: more bytes are needed. */
void http_request_read(struct http_request *request, struct evbuffer *input);

/* Ready for the next one. Zeroes what may hold a secret. */
void http_request_clear(struct http_request *request);

#endif
