/* The guard around evhttp. */
#include "common/http_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/fault.h"
#include "common/http_error.h"
#include "common/http_exchange.h"
#include "common/http_framing.h"
#include "common/http_watch.h"
#include "common/log.h"

#define TARGET_BYTES_MAX 8192u
#define SWEEP_MS 1000
#define LISTENER_PAUSE_MS 100

struct http_server {
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *bound;
    struct event *sweep, *resume;
    struct http_limits limits;
    void (*handler)(struct call *call, void *arg);
    void *arg;
    bool (*check_peer)(int fd, void *arg);
    void *check_arg;
    struct http_exchanges exchanges;
    struct http_server *next; /* in servers */
};

/* evhttp takes the listener's argument for itself: whose listener it is must be looked up. */
static struct http_server *servers;

static int
request_fd(struct evhttp_request *req)
{
    return bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(req)));
}

static void
hand_over(struct http_server *server, struct evhttp_request *req)
{
    struct call *call = http_exchange_call(&server->exchanges, req);

    call->trusted = server->check_peer != NULL;
    server->handler(call, server->arg);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
    struct http_server *server = arg;
    const char *fault = http_framing_fault(req);

    fault_here("http_server.request");
    http_watch_received(request_fd(req));
    if (fault)
        http_error_refuse(req, 400, "bad_request", fault);
    else if (strlen(evhttp_request_get_uri(req)) > TARGET_BYTES_MAX)
        http_error_refuse(req, 414, "uri_too_long", "the request target is longer than 8 KiB");
    else if (server->check_peer && !server->check_peer(request_fd(req), server->check_arg))
        http_error_refuse(req, 403, "forbidden", "this user may not control the daemon");
    else
        hand_over(server, req);
}

/* While a reply waits for a client that doesn't read, evhttp reads on without end what that client
 * sends: here it stops at what one request can need. */
static struct bufferevent *
on_connection(struct event_base *base, void *arg)
{
    struct http_server *server = arg;
    struct bufferevent *bev = http_watch_connection(base);

    if (bev)
        bufferevent_setwatermark(bev, EV_READ, 0,
                                 2 * HTTP_HEADERS_BYTES_MAX + server->limits.body_bytes);
    return bev;
}

static void
on_sweep(evutil_socket_t unused, short what, void *arg)
{
    struct http_server *server = arg;

    (void)unused;
    (void)what;
    http_watch_sweep(server->limits.deadline_ms);
}

static void
on_resume(evutil_socket_t unused, short what, void *arg)
{
    struct http_server *server = arg;

    (void)unused;
    (void)what;
    if (!server->exchanges.draining)
        evconnlistener_enable(evhttp_bound_socket_get_listener(server->bound));
}

/* Out of descriptors, accept() fails while the listener stays readable: without a pause the loop
 * would spin. */
static void
on_accept_error(struct evconnlistener *listener, void *evhttp)
{
    struct timeval pause = clock_timeval(LISTENER_PAUSE_MS);

    (void)evhttp;
    log_warning("a connection could not be accepted: %s", strerror(errno));
    evconnlistener_disable(listener);
    for (struct http_server *server = servers; server; server = server->next)
        if (server->bound && evhttp_bound_socket_get_listener(server->bound) == listener)
            evtimer_add(server->resume, &pause);
}

static void
server_limits(struct http_server *server)
{
    evhttp_set_max_headers_size(server->http, HTTP_HEADERS_BYTES_MAX);
    evhttp_set_max_body_size(server->http, (ev_ssize_t)server->limits.body_bytes);
    evhttp_set_timeout(server->http, (int)server->limits.idle_s);
    evhttp_set_flags(server->http, EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                                 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                                 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                                 EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    evhttp_set_default_content_type(server->http, NULL);
}

struct http_server *
http_server_new(struct event_base *base, int fd, bool own_fd, const struct http_limits *limits,
                void (*handler)(struct call *call, void *arg), void *arg)
{
    struct http_server *server = mem_alloc(sizeof *server);
    struct timeval sweep = clock_timeval(SWEEP_MS);
    unsigned flags = LEV_OPT_CLOSE_ON_EXEC | (own_fd ? LEV_OPT_CLOSE_ON_FREE : 0);
    struct evconnlistener *listener = evconnlistener_new(base, NULL, NULL, flags, 0, fd);

    server->base = base;
    server->limits = *limits;
    server->handler = handler;
    server->arg = arg;
    server->http = evhttp_new(base);
    server->sweep = event_new(base, -1, EV_PERSIST, on_sweep, server);
    server->resume = evtimer_new(base, on_resume, server);
    if (!listener || !server->http || !server->sweep || !server->resume)
        die_abort("no memory for a server");
    server_limits(server);
    evhttp_set_bevcb(server->http, on_connection, server);
    evhttp_set_gencb(server->http, on_request, server);
    server->bound = evhttp_bind_listener(server->http, listener);
    evconnlistener_set_error_cb(listener, on_accept_error);
    server->next = servers;
    servers = server;
    event_add(server->sweep, &sweep);
    return server;
}

void
http_server_stop_accepting(struct http_server *server)
{
    server->exchanges.draining = true;
    if (server->bound)
        evhttp_del_accept_socket(server->http, server->bound);
    server->bound = NULL;
}

unsigned
http_server_open_calls(const struct http_server *server)
{
    return server->exchanges.open_count;
}

void
http_server_check_peer(struct http_server *server, bool (*check)(int fd, void *arg), void *arg)
{
    server->check_peer = check;
    server->check_arg = arg;
}

void
http_server_free(struct http_server *server)
{
    struct http_server **link = &servers;

    while (*link != server)
        link = &(*link)->next;
    *link = server->next;
    http_exchanges_leave(&server->exchanges);
    event_free(server->sweep);
    event_free(server->resume);
    evhttp_free(server->http);
    http_watch_free();
    free(server);
}
