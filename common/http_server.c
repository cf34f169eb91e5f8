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
    bool draining;
    struct exchange *open; /* what the handler has and has not replied to */
    unsigned open_count;
    struct http_server *next; /* in servers */
};

/* evhttp takes the listener's argument for itself: whose listener it is must be looked up. */
static struct http_server *servers;

/* One call in the handler's hands: the carrier of a struct call. */
struct exchange {
    struct http_server *server; /* these two: NULL once the server is gone */
    struct evhttp_request *req;
    bool replied;            /* the reply is on its way */
    void (*sent)(void *arg); /* NULL: nobody waits for its last byte */
    void *sent_arg;
    struct exchange *next, **link;
};

static const char *
method_name(enum evhttp_cmd_type type)
{
    static const struct {
        enum evhttp_cmd_type type;
        const char *name;
    } names[] = {{EVHTTP_REQ_GET, "GET"},       {EVHTTP_REQ_POST, "POST"},
                 {EVHTTP_REQ_HEAD, "HEAD"},     {EVHTTP_REQ_PUT, "PUT"},
                 {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_OPTIONS, "OPTIONS"},
                 {EVHTTP_REQ_TRACE, "TRACE"},   {EVHTTP_REQ_CONNECT, "CONNECT"},
                 {EVHTTP_REQ_PATCH, "PATCH"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == type)
            return names[i].name;
    return "UNKNOWN";
}

static void
exchange_unlink(struct exchange *exchange)
{
    if (!exchange->server)
        return;
    *exchange->link = exchange->next;
    if (exchange->next)
        exchange->next->link = exchange->link;
    exchange->server->open_count--;
}

/* The reply's last byte is with the kernel. */
static void
on_sent(struct evhttp_request *req, void *arg)
{
    struct exchange *exchange = arg;
    void (*sent)(void *) = exchange->sent;
    void *sent_arg = exchange->sent_arg;

    evhttp_connection_set_closecb(evhttp_request_get_connection(req), NULL, NULL);
    exchange_unlink(exchange);
    free(exchange);
    if (sent)
        sent(sent_arg);
}

/* The client left before the reply's last byte: nobody is told, and on_sent won't come. */
static void
on_lost(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    exchange_unlink(arg);
    free(arg);
}

/* Keeps the exchange until the reply's last byte is with the kernel or the client has left. */
static void
exchange_await(struct exchange *exchange, const struct call *call)
{
    exchange->replied = true;
    exchange->sent = call->sent;
    exchange->sent_arg = call->sent_arg;
    evhttp_request_set_on_complete_cb(exchange->req, on_sent, exchange);
    evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->req), on_lost, exchange);
}

static void
exchange_send(struct call *call, int status, const char *content_type, const char *body,
              size_t length)
{
    struct exchange *exchange = call->carrier;
    struct evhttp_request *req = exchange->req;

    if (req) {
        struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
        bool awaited = evhttp_request_get_connection(req) != NULL;

        if (*call->header_name)
            evhttp_add_header(headers, call->header_name, call->header_value);
        if (exchange->server->draining)
            evhttp_add_header(headers, "Connection", "close");
        if (awaited)
            exchange_await(exchange, call);
        http_error_send(req, status, content_type, body, length);
        if (awaited)
            return;
    }
    exchange_unlink(exchange);
    free(exchange);
}

static struct call *
exchange_call(struct http_server *server, struct evhttp_request *req)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    struct evbuffer *input = evhttp_request_get_input_buffer(req);
    size_t length = evbuffer_get_length(input);
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    struct call *call = call_new(
        method_name(evhttp_request_get_command(req)), evhttp_request_get_uri(req),
        length ? (const char *)evbuffer_pullup(input, -1) : NULL, length,
        evhttp_find_header(headers, "Content-Type"), evhttp_find_header(headers, "Authorization"));

    *exchange = (struct exchange){
        .server = server, .req = req, .next = server->open, .link = &server->open};
    if (server->open)
        server->open->link = &exchange->next;
    server->open = exchange;
    server->open_count++;
    call->carrier = exchange;
    call->send = exchange_send;
    call->trusted = server->check_peer != NULL;
    return call;
}

static int
request_fd(struct evhttp_request *req)
{
    return bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(req)));
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
        server->handler(exchange_call(server, req), server->arg);
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
    if (!server->draining)
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
    server->draining = true;
    if (server->bound)
        evhttp_del_accept_socket(server->http, server->bound);
    server->bound = NULL;
}

unsigned
http_server_open_calls(const struct http_server *server)
{
    return server->open_count;
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
    struct exchange *next;

    while (*link != server)
        link = &(*link)->next;
    *link = server->next;
    for (struct exchange *exchange = server->open; exchange; exchange = next) {
        next = exchange->next;
        exchange->server = NULL;
        if (exchange->replied) {
            evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->req), NULL, NULL);
            free(exchange);
            continue;
        }
        exchange->req = NULL;
    }
    event_free(server->sweep);
    event_free(server->resume);
    evhttp_free(server->http);
    http_watch_free();
    free(server);
}
