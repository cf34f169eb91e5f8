/* What the files of the proxy share. */
#ifndef WORKER_PROXY_INTERNAL_H
#define WORKER_PROXY_INTERNAL_H

#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/util.h>

#include "worker/proxy/gate.h"
#include "worker/proxy/proxy.h"
#include "worker/proxy/socks.h"

#define PROXY_WHY_BYTES 320
#define PROXY_REQUEST_BYTES 200

struct proxy {
    struct event_base *base;
    struct evconnlistener *listener; /* NULL: none yet, or no more */
    struct names *names;             /* NULL: dns resolves */
    struct evdns_base *dns;          /* NULL until the first name */
    struct host_pattern *hosts;
    size_t host_count;
    enum gate_state state;
    char why[PROXY_WHY_BYTES]; /* why it has shut; empty: it is not shut */
    struct tunnel *tunnels;
    size_t tunnel_count;
    struct evbuffer *list;
    size_t left_out; /* lines omitted, since the list is full */
    int64_t began_ms;
};

enum tunnel_state {
    TUNNEL_GREETING,
    TUNNEL_REQUEST,
    TUNNEL_CONNECTING,
    TUNNEL_OPEN,
    TUNNEL_ENDING
};

struct tunnel {
    struct proxy *proxy;
    struct tunnel *next;
    enum tunnel_state state;
    struct bufferevent *browser, *erp; /* NULL: not yet, or closed */
    struct names_wait *wait;           /* for addresses, as lookup is; NULL: not now */
    struct evdns_getaddrinfo_request *lookup;
    struct evutil_addrinfo *addresses, *address; /* all addresses, and the one being tried */
    struct socks_target target;
    struct gate_stream stream;
    char request[PROXY_REQUEST_BYTES]; /* that waits for its reply; empty: none is known */
    size_t up_bytes, down_bytes;
};

/* --- hosts.c --- */

bool proxy_allows(const struct proxy *proxy, const struct socks_target *target);

/* NULL: no name can be resolved. */
struct evdns_base *proxy_dns(struct proxy *proxy);

/* --- ends.c --- */

void tunnel_close_side(struct bufferevent **side); /* NULL afterwards */
void tunnel_free(struct tunnel *tunnel);

/* All but kept; NULL: all. */
void proxy_end_tunnels(struct proxy *proxy, const struct tunnel *kept);

/* Closes all tunnels but this one, which the caller closes. */
void proxy_shut_gate(struct proxy *proxy, struct tunnel *tunnel, const char *what);

/* Bytes of tunnel are about to be sent through an armed gate. Returns whether the gate has shut:
 * another connection has ended, which was not reported yet. Then tunnel is freed. */
bool proxy_has_ended_one(struct proxy *proxy, const struct tunnel *tunnel);

/* --- tunnel.c --- */

/* Takes over fd. */
void tunnel_start(struct proxy *proxy, evutil_socket_t fd);

/* --- list.c --- */

/* Bytes that start a request are sent. */
void list_request(struct tunnel *tunnel, const char *bytes, size_t length);

/* The head of its reply has arrived. */
void list_reply(struct tunnel *tunnel);

/* A line about the tunnel; what: how it ended, or why it was refused. */
void list_end(struct tunnel *tunnel, const char *what);

#endif
