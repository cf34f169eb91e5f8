/* Accepts connections, and closes them at deadlines or when there are too many. */
#include "common/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/http/internal.h"

#define SCAN_MAX_MS 1000
#define LISTENER_PAUSE_MS 100
#define LINGER_MS 2000
#define ACCEPTED_AT_ONCE 16 /* the rest waits for the next turn */
/* For other descriptors of the process: sockets of the ERP, files. */
#define DESCRIPTORS_RESERVED ((rlim_t)256)

/* 0: no deadline. */
static unsigned
phase_ms(const struct http_server *server, enum http_phase phase)
{
    const struct http_limits *limits = &server->limits;
    const unsigned deadlines[PHASE_PHASES] = {[PHASE_IDLE] = limits->idle_ms,
                                              [PHASE_HEAD] = limits->head_ms,
                                              [PHASE_BODY] = limits->body_ms,
                                              [PHASE_REPLY] = limits->reply_ms,
                                              [PHASE_LINGER] = LINGER_MS};

    return deadlines[phase];
}

/* A deadline is detected late by at most its own length. */
static unsigned
scan_ms(const struct http_server *server)
{
    unsigned least = SCAN_MAX_MS;

    for (int phase = 0; phase < PHASE_PHASES; phase++) {
        unsigned ms = phase_ms(server, (enum http_phase)phase);

        if (ms && ms < least)
            least = ms;
    }
    return least;
}

static void
arm(struct event *timer, int64_t ms)
{
    struct timeval time = clock_timeval(ms);

    evtimer_add(timer, &time);
}

/* The connections of a phase are ordered by deadline. */
static void
on_scan(evutil_socket_t unused, short what, void *arg)
{
    struct http_server *server = arg;
    int64_t now_ms = clock_monotonic_ms();

    (void)unused;
    (void)what;
    for (int phase = 0; phase < PHASE_PHASES; phase++) {
        unsigned ms = phase_ms(server, (enum http_phase)phase);
        struct http_connection *c;

        while (ms && (c = TAILQ_FIRST(&server->phases[phase])) && now_ms - c->since_ms >= ms)
            http_connection_expire(c);
    }
    if (server->count)
        arm(server->scan, scan_ms(server));
}

/* --- capacity --- */

/* An address, or a user on a Unix socket. An IPv6 host counts as its /64. */
static uint64_t
peer_of(int fd, const struct sockaddr_storage *address)
{
    uint64_t peer = 0;
    struct ucred user;
    socklen_t length = sizeof user;

    if (address->ss_family == AF_INET)
        peer = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
    else if (address->ss_family == AF_INET6)
        memcpy(&peer, &((const struct sockaddr_in6 *)address)->sin6_addr, sizeof peer);
    else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &length) == 0)
        peer = user.uid;
    return peer;
}

/* Numeric; empty: a Unix socket's. */
static void
address_text(const struct sockaddr_storage *address, char text[HTTP_ADDRESS_BYTES])
{
    const void *bytes = address->ss_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                            : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;

    text[0] = '\0';
    if (address->ss_family == AF_INET || address->ss_family == AF_INET6)
        inet_ntop(address->ss_family, bytes, text, HTTP_ADDRESS_BYTES);
}

static unsigned
count_peer(const struct http_server *server, uint64_t peer)
{
    const struct http_connection *c;
    unsigned count = 0;

    for (int phase = 0; phase < PHASE_PHASES; phase++)
        TAILQ_FOREACH(c, &server->phases[phase], link)
            count += c->peer == peer;
    return count;
}

/* Closes the most expendable connection; peer NULL: of any peer. Calls and streams are kept. */
static bool
evict_idle(struct http_server *server, const uint64_t *peer)
{
    static const enum http_phase order[] = {PHASE_LINGER, PHASE_IDLE, PHASE_HEAD, PHASE_BODY,
                                            PHASE_REPLY};
    struct http_connection *c;

    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        TAILQ_FOREACH(c, &server->phases[order[i]], link)
            if (!peer || c->peer == *peer) {
                http_connection_free(c);
                return true;
            }
    return false;
}

static void
admit(struct http_server *server, int fd, const struct sockaddr_storage *address)
{
    uint64_t peer = peer_of(fd, address);
    char text[HTTP_ADDRESS_BYTES];

    if ((count_peer(server, peer) >= server->limits.connections_per_peer &&
         !evict_idle(server, &peer)) ||
        (server->count >= server->limits.connections && !evict_idle(server, NULL))) {
        close(fd);
        return;
    }
    address_text(address, text);
    http_connection_open(server, fd, peer, text);
    if (!evtimer_pending(server->scan, NULL))
        arm(server->scan, scan_ms(server));
}

static void
on_resume(evutil_socket_t unused, short what, void *arg)
{
    struct http_server *server = arg;

    (void)unused;
    (void)what;
    event_add(server->acceptable, NULL);
}

/* With no descriptor left, accept() fails while the socket stays readable: without a pause the loop
 * would spin. */
static void
on_acceptable(evutil_socket_t listening, short what, void *arg)
{
    struct http_server *server = arg;

    (void)what;
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        struct sockaddr_storage address = {0};
        socklen_t length = sizeof address;
        int fd =
            accept4(listening, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            if (!server->count && server->first)
                server->first(server->first_arg);
            admit(server, fd, &address);
        } else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) {
            return;
        } else {
            log_warning("cannot accept a connection: %s", strerror(errno));
            event_del(server->acceptable);
            arm(server->resume, LISTENER_PAUSE_MS);
            return;
        }
    }
}

/* --- the server --- */

/* Connections never use up the last descriptors. */
static void
reserve_descriptors(struct http_limits *limits)
{
    struct rlimit files;
    rlim_t most;

    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == RLIM_INFINITY)
        return;
    most = files.rlim_cur / 2;
    if (files.rlim_cur > 2 * DESCRIPTORS_RESERVED)
        most = files.rlim_cur - DESCRIPTORS_RESERVED;
    if (limits->connections > most)
        limits->connections = (unsigned)most;
}

struct http_server *
http_server_new(struct event_base *base, int fd, bool own_fd, const struct http_limits *limits,
                void (*handler)(struct call *call, void *arg), void *arg)
{
    struct http_server *server = mem_alloc(sizeof *server);

    *server = (struct http_server){.base = base,
                                   .fd = fd,
                                   .own_fd = own_fd,
                                   .limits = *limits,
                                   .handler = handler,
                                   .arg = arg};
    reserve_descriptors(&server->limits);
    for (int phase = 0; phase < PHASE_PHASES; phase++)
        TAILQ_INIT(&server->phases[phase]);
    server->acceptable = loop_event(base, fd, EV_READ | EV_PERSIST, on_acceptable, server);
    server->scan = loop_event(base, -1, 0, on_scan, server);
    server->resume = loop_event(base, -1, 0, on_resume, server);
    event_add(server->acceptable, NULL);
    return server;
}

void
http_server_stop_accepting(struct http_server *server)
{
    if (!server->acceptable)
        return;
    event_del(server->resume);
    event_free(server->acceptable);
    server->acceptable = NULL;
    if (server->own_fd)
        close(server->fd);
}

unsigned
http_server_open_calls(const struct http_server *server)
{
    return server->counts[PHASE_CALL] + server->counts[PHASE_REPLY];
}

bool
http_server_expects_request(const struct http_server *server)
{
    const struct http_connection *c;

    TAILQ_FOREACH(c, &server->phases[PHASE_IDLE], link)
        if (!c->used)
            return true;
    return server->counts[PHASE_HEAD] || server->counts[PHASE_BODY];
}

unsigned
http_server_connections(const struct http_server *server)
{
    return server->count;
}

void
http_server_on_first(struct http_server *server, void (*first)(void *arg), void *arg)
{
    server->first = first;
    server->first_arg = arg;
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
    http_server_stop_accepting(server);
    for (int phase = 0; phase < PHASE_PHASES; phase++)
        while (!TAILQ_EMPTY(&server->phases[phase]))
            http_connection_free(TAILQ_FIRST(&server->phases[phase]));
    event_free(server->scan);
    event_free(server->resume);
    free(server);
}
