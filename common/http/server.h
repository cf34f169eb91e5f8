/* An HTTP/1.1 server on a listening socket.
 *
 * Owns connections and their cost: limits, deadlines, and which one is closed when there are too
 * many. http_request parses the requests; every error that a client sees is
 * application/problem+json, and a connection is closed after a framing error. Knows no routes. */
#ifndef COMMON_HTTP_SERVER_H
#define COMMON_HTTP_SERVER_H

#include <event2/event.h>

#include "common/http/call.h"
#include "common/http/limits.h"

struct http_server;

/* Serves on fd (listening, non-blocking), which it closes only if own_fd. The handler gets each
 * valid request as a call. Aborts if out of memory. */
struct http_server *http_server_new(struct event_base *base, int fd, bool own_fd,
                                    const struct http_limits *limits,
                                    void (*handler)(struct call *call, void *arg), void *arg);

/* Accepts no more connections and closes the listening socket (other holders keep theirs); open
 * connections are still served, each reply with "Connection: close". */
void http_server_stop_accepting(struct http_server *server);

/* Calls that were passed to the handler and whose replies are not yet with the kernel; without
 * streams. */
unsigned http_server_open_calls(const struct http_server *server);

/* A client has begun a request, or has connected to send its first. Unlike one whose connection
 * was idle, it does not expect the server to close. */
bool http_server_expects_request(const struct http_server *server);

/* The connections that are open now. */
unsigned http_server_connections(const struct http_server *server);

/* first(arg) is called, before anything is read, when a client connects while no connection is
 * open. */
void http_server_on_first(struct http_server *server, void (*first)(void *arg), void *arg);

/* Sets the peer check of a Unix socket's connections: one that returns false gets 403. Not on TCP.
 */
void http_server_check_peer(struct http_server *server, bool (*check)(int fd, void *arg),
                            void *arg);

/* Replies under way are dropped, streams closed. */
void http_server_free(struct http_server *server);

#endif
