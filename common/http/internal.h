/* Internals shared by server.c, connection.c and head.c. */
#ifndef COMMON_HTTP_INTERNAL_H
#define COMMON_HTTP_INTERNAL_H

#include <stdint.h>
#include <sys/queue.h>

#include "common/http/request.h"
#include "common/http/server.h"

#define HTTP_ADDRESS_BYTES 46 /* INET6_ADDRSTRLEN */

/* What a connection is waiting for. */
enum http_phase {
    PHASE_IDLE,   /* the first byte of a request */
    PHASE_HEAD,   /* the end of its head */
    PHASE_BODY,   /* the last byte of its body */
    PHASE_CALL,   /* the handler */
    PHASE_REPLY,  /* the client to read the reply */
    PHASE_STREAM, /* until either side ends the stream */
    PHASE_LINGER, /* the client to close: closing first could destroy the reply */
    PHASE_PHASES
};

struct http_connection {
    TAILQ_ENTRY(http_connection) link; /* of its phase, ordered by deadline */
    struct http_server *server;        /* NULL: closed, but the handler has not replied yet */
    struct bufferevent *bev;
    enum http_phase phase;
    int64_t since_ms; /* of this phase; monotonic */
    uint64_t peer;
    char address[HTTP_ADDRESS_BYTES]; /* of a TCP peer; empty: a Unix socket's */
    struct http_request request;
    bool no_body;              /* the request was HEAD */
    bool old;                  /* HTTP/1.0 */
    bool used;                 /* a request has been read whole */
    bool closing;              /* after this reply */
    bool ended;                /* the client has shut down its sending side */
    struct call_stream stream; /* in PHASE_STREAM */
    void (*sent)(void *arg);   /* in PHASE_REPLY, after its last byte; may be NULL */
    void *sent_arg;
};

TAILQ_HEAD(http_connections, http_connection);

struct http_server {
    struct event_base *base;
    int fd;
    bool own_fd;
    struct event *acceptable, *scan, *resume; /* acceptable NULL: accepts no more connections */
    struct http_limits limits;
    void (*handler)(struct call *call, void *arg);
    void *arg;
    bool (*check_peer)(int fd, void *arg);
    void *check_arg;
    void (*first)(void *arg); /* NULL: not needed */
    void *first_arg;
    struct http_connections phases[PHASE_PHASES];
    unsigned counts[PHASE_PHASES], count;
    size_t queued_bytes;
};

void http_connection_open(struct http_server *server, int fd, uint64_t peer, const char *address);

/* Called when the deadline of its phase has passed. */
void http_connection_expire(struct http_connection *connection);

void http_connection_free(struct http_connection *connection);

/* Adds a reply's head to the output. call: for its additional header; NULL: none. length < 0: the
 * end is marked by the last chunk, or by closing the connection. */
void http_head_add(struct http_connection *connection, int status, const char *type,
                   const struct call *call, long length);

/* Adds a reply's body to the output. call: a long body that it owns is taken over; NULL: copied. */
void http_body_add(struct http_connection *connection, struct call *call, const char *body,
                   size_t length);

#endif
