/* The deadline of a request on its way in: evhttp only knows inactivity, so a client that sends a
 * byte now and then would hold its connection for ever. */
#ifndef COMMON_HTTP_WATCH_H
#define COMMON_HTTP_WATCH_H

#include <event2/bufferevent.h>

/* A bufferevent for a new connection: the first byte that it receives starts the clock. */
struct bufferevent *http_watch_connection(struct event_base *base);

/* The request on this descriptor has arrived: its clock stops. */
void http_watch_received(int fd);

/* How much of the request on this descriptor has been read so far. */
size_t http_watch_bytes(int fd);

/* Cuts off, with 408, what began more than deadline_ms ago. */
void http_watch_sweep(unsigned deadline_ms);

void http_watch_free(void);

#endif
