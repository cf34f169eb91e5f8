/* A small HTTP server on the test's loop. It answers as the test says: at once, later, partly, or
 * not at all. */
#ifndef TEST_UNIT_WORKER_SERVER_H
#define TEST_UNIT_WORKER_SERVER_H

#include "test/unit/worker/fixture.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/base/clock.h"

#define SERVER_REQUEST_MAX 8192

struct connection {
    struct server *server;
    struct connection *next;
    struct bufferevent *stream;
    bool closing;                     /* once all data is sent */
    char request[SERVER_REQUEST_MAX]; /* the current request, head and body */
};

struct server {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *tick; /* keeps the loop turning, so that deadlines are checked */
    uint16_t port;
    struct connection *connections;
    unsigned accepted, requests;
    void (*on_request)(struct connection *connection, void *arg);
    void (*on_gone)(struct connection *connection, void *arg); /* may be NULL */
    void *arg;
};

static inline void
connection_free(struct connection *c)
{
    for (struct connection **link = &c->server->connections; *link; link = &(*link)->next)
        if (*link == c) {
            *link = c->next;
            break;
        }
    if (c->server->on_gone)
        c->server->on_gone(c, c->server->arg);
    bufferevent_free(c->stream);
    free(c);
}

/* Writes raw bytes. */
static inline void
server_write(struct connection *c, const char *data, size_t length)
{
    bufferevent_write(c->stream, data, length);
}

static inline void
server_reply(struct connection *c, int status, const char *headers, const char *body)
{
    evbuffer_add_printf(bufferevent_get_output(c->stream),
                        "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n%s\r\n%s", status,
                        strlen(body), headers, body);
}

/* Closes after all data is sent. */
static inline void
server_close(struct connection *c)
{
    c->closing = true;
    if (!evbuffer_get_length(bufferevent_get_output(c->stream)))
        shutdown(bufferevent_getfd(c->stream), SHUT_RDWR);
}

static inline void
server_on_written(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;

    if (c->closing)
        shutdown(bufferevent_getfd(stream), SHUT_RDWR);
}

static inline void
server_on_event(struct bufferevent *stream, short what, void *arg)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        connection_free(arg);
}

/* Length of the first request in the buffer; 0: incomplete. */
static inline size_t
server_request_length(struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    char head[SERVER_REQUEST_MAX] = "";
    const char *length;
    size_t whole;

    if (end.pos < 0)
        return 0;
    assert_in_range(end.pos, 0, SERVER_REQUEST_MAX - 5);
    evbuffer_copyout(input, head, (size_t)end.pos);
    length = strcasestr(head, "\r\nContent-Length:");
    whole = (size_t)end.pos + 4 + (length ? strtoul(length + 17, NULL, 10) : 0);
    assert_in_range(whole, 0, SERVER_REQUEST_MAX - 1);
    return evbuffer_get_length(input) >= whole ? whole : 0;
}

static inline void
server_on_read(struct bufferevent *stream, void *arg)
{
    struct connection *c = arg;
    struct evbuffer *input = bufferevent_get_input(stream);
    size_t length = server_request_length(input);

    if (!length)
        return;
    evbuffer_remove(input, c->request, length);
    c->request[length] = '\0';
    c->server->requests++;
    c->server->on_request(c, c->server->arg);
}

static inline void
server_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
                 int length, void *arg)
{
    struct server *server = arg;
    struct connection *c = calloc(1, sizeof *c);

    (void)listener;
    (void)peer;
    (void)length;
    server->accepted++;
    c->server = server;
    c->next = server->connections;
    server->connections = c;
    c->stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(c->stream, server_on_read, server_on_written, server_on_event, c);
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
}

static inline void
server_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* A port outside the range of outgoing connections. */
static inline uint16_t
free_port(void)
{
    for (int i = 0; i < 1000; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                      .sin_port = htons((uint16_t)(20000 + rand() % 12000))};
        int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, failed;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        failed = bind(fd, (struct sockaddr *)&address, sizeof address);
        close(fd);
        if (!failed)
            return ntohs(address.sin_port);
    }
    fail_msg("no port is free");
    return 0;
}

static inline void
server_open(struct server *server, struct event_base *base)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval tick = clock_timeval(10);

    srand((unsigned)clock_monotonic_ms() ^ (unsigned)getpid());
    server->base = base;
    for (int i = 0; !server->listener && i < 10; i++) {
        server->port = free_port();
        address.sin_port = htons(server->port);
        server->listener = evconnlistener_new_bind(base, server_on_accept, server,
                                                   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16,
                                                   (struct sockaddr *)&address, sizeof address);
    }
    assert_non_null(server->listener);
    server->tick = event_new(base, -1, EV_PERSIST, server_on_tick, NULL);
    event_add(server->tick, &tick);
}

static inline void
server_stop(struct server *server)
{
    server->on_gone = NULL;
    while (server->connections)
        connection_free(server->connections);
    evconnlistener_free(server->listener);
    event_free(server->tick);
}

/* Runs the loop until the condition is true. */
#define RUN_UNTIL(base, condition)                                                                 \
    do {                                                                                           \
        int64_t deadline_ = clock_monotonic_ms() + DEADLINE_MS;                                    \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_ms() > deadline_)                                                  \
                fail_msg("never: %s", #condition);                                                 \
            event_base_loop(base, EVLOOP_ONCE);                                                    \
        }                                                                                          \
    } while (0)

/* Runs the loop for a while to check that nothing happens. */
static inline void
run_for(struct event_base *base, int64_t ms)
{
    int64_t until = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < until)
        event_base_loop(base, EVLOOP_ONCE);
}

#endif
