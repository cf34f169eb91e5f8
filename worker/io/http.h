/* Sends a driver's HTTP requests: only the files http*.c use libcurl, which is loaded for the first
 * request (an idle worker needs about a megabyte less without it).
 *
 * HTTP/1.1 over TCP or TLS; certificates and names are verified; follows no redirect, uses no
 * proxy, and repeats no request by itself. */
#ifndef WORKER_IO_HTTP_H
#define WORKER_IO_HTTP_H

#include <event2/event.h>

#include "erp-drivers/driver.h"

#define HTTP_REPLY_BYTES_MAX (4u << 20)  /* a larger body counts as cut off */
#define HTTP_HEAD_BYTES_MAX (256u << 10) /* of all heads and trailers of a reply */
#define HTTP_TIMEOUT_MS 30000u           /* if the driver names none */
#define HTTP_CONNECT_TIMEOUT_MS 10000u

struct http;
struct http_transfer;
struct names;
struct own_driver;

/* ca_file: trusted certificates in PEM instead of the system's; NULL: the system's. ca: what is in
 * it; NULL: it could not be read, and no server is trusted. Both borrowed for its life. */
struct http *http_new(struct event_base *base, const char *ca_file, const char *ca);

/* From now on names are resolved by these (borrowed); NULL: by libcurl. */
void http_use_names(struct http *http, struct names *names);

/* From now on each connection uses a socket from this (borrowed), whatever the URL; NULL: libcurl's
 * own. */
void http_use_driver(struct http *http, struct own_driver *driver);

/* From now on only these servers (borrowed) get requests; count 0: none. Where a driver's own
 * sockets are used it makes no difference. */
struct host_pattern;
void http_use_hosts(struct http *http, const struct host_pattern *hosts, size_t count);

/* From now on a larger body counts as cut off. */
void http_limit_reply(struct http *http, size_t bytes);

/* Transfers under way are dropped silently. */
void http_free(struct http *http);

/* Sends the request (borrowed until done) and calls done once, never from inside this function. The
 * reply is valid during the call. */
struct http_transfer *http_send(struct http *http, const struct erp_request *request,
                                void (*done)(const struct erp_reply *reply, void *arg), void *arg);

/* Cancels a transfer; done is not called. */
void http_cancel(struct http_transfer *transfer);

#endif
