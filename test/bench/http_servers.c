/* The same small reply from three HTTP servers on one libevent loop: evhttp, the server of this
 * repository (llhttp), and libmicrohttpd with an external loop. For test/bench/http.
 *
 *     http_servers evhttp
 * front
 * microhttpd PORT */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/loop.h"
#include "common/http/server.h"

static char body[] = "{\"workshop\":\"Bennys Auto\",\"uniqueid\":\"xxx\",\"status\":\"placed\"}";

static int
listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096))
        abort();
    return fd;
}

/* --- evhttp --- */

static void
on_evhttp(struct evhttp_request *req, void *arg)
{
    struct evbuffer *out = evbuffer_new();

    (void)arg;
    evbuffer_add(out, body, sizeof body - 1);
    evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "application/json");
    evhttp_send_reply(req, 200, "OK", out);
    evbuffer_free(out);
}

static void
start_evhttp(struct event_base *base, int port)
{
    struct evhttp *http = evhttp_new(base);

    evhttp_set_gencb(http, on_evhttp, NULL);
    evhttp_accept_socket(http, listen_on(port));
}

/* --- our own --- */

static void
on_call(struct call *call, void *arg)
{
    (void)arg;
    call_reply_text(call, 200, "application/json", body, sizeof body - 1);
}

static void
start_front(struct event_base *base, int port)
{
    static const struct http_limits limits = {10000,   10000, 8192,  16384, 100,  16384,
                                              1 << 24, 10000, 30000, 60000, 60000};

    http_server_new(base, listen_on(port), true, &limits, on_call, NULL);
}

/* --- libmicrohttpd --- */

static enum MHD_Result
on_microhttpd(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
              const char *version, const char *data, size_t *size, void **state)
{
    static int seen;
    struct MHD_Response *response;
    enum MHD_Result result;

    (void)arg, (void)url, (void)method, (void)version, (void)data;
    if (!*state || *size) { /* called for the head, then the body, then the end */
        *state = &seen;
        *size = 0;
        return MHD_YES;
    }
    response = MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

struct external {
    struct MHD_Daemon *daemon;
    struct event *ready;
};

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct external *external = arg;
    struct timeval within = {1, 0};
    MHD_UNSIGNED_LONG_LONG ms;

    (void)fd, (void)what;
    MHD_run(external->daemon);
    if (MHD_get_timeout(external->daemon, &ms) == MHD_YES && ms < 1000)
        within = (struct timeval){0, (suseconds_t)ms * 1000};
    event_add(external->ready, &within);
}

static void
start_microhttpd(struct event_base *base, int port)
{
    struct external *external = calloc(1, sizeof *external);

    external->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_microhttpd, NULL,
                                        MHD_OPTION_LISTEN_SOCKET, listen_on(port),
                                        MHD_OPTION_CONNECTION_LIMIT, 10000u, MHD_OPTION_END);
    external->ready =
        event_new(base, MHD_get_daemon_info(external->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
                  EV_READ, on_ready, external);
    on_ready(-1, 0, external);
}

int
main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*start)(struct event_base *base, int port);
    } servers[] = {
        {"evhttp", start_evhttp}, {"front", start_front}, {"microhttpd", start_microhttpd}};
    struct event_base *base = loop_new();

    for (size_t i = 0; count == 3 && i < sizeof servers / sizeof *servers; i++)
        if (strcmp(servers[i].name, arguments[1]) == 0) {
            servers[i].start(base, atoi(arguments[2]));
            return event_base_dispatch(base);
        }
    return 64;
}
