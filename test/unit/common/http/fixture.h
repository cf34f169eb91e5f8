/* A server and its clients in one process, on loopback: the loop runs while a client waits. */
#ifndef TEST_UNIT_COMMON_HTTP_FIXTURE_H
#define TEST_UNIT_COMMON_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/http/server.h"

#define FIXTURE_DEADLINE_MS 15000
#define FIXTURE_BODY_MAX 16384
#define BIG_REPLY_BYTES (4u << 20)

static struct event_base *base;
static struct http_server *server;
static uint16_t port;
static int listen_fd;
static unsigned handled;     /* calls received by the handler */
static struct call *held[8]; /* calls to /hold, until the test replies */
static unsigned held_count;
static unsigned sent_count; /* replies sent in full */

struct reply {
    int status;
    char head[4096]; /* status line and header fields */
    char *body;      /* freed by reply_clear */
    size_t length;
};

static inline void
on_reply_sent(void *arg)
{
    (*(unsigned *)arg)++;
}

/* Replies with the request as JSON; /hold is kept, /big is long, /sent asks for a callback when
 * sent. */
static inline void
on_call(struct call *call, void *arg)
{
    assert_string_equal(arg, "context");
    handled++;
    if (strncmp(call->path, "/sent", 5) == 0 || strcmp(call->path, "/big-sent") == 0) {
        call->sent = on_reply_sent;
        call->sent_arg = &sent_count;
    }
    if (strcmp(call->path, "/hold") == 0) {
        held[held_count++] = call;
    } else if (strncmp(call->path, "/big", 4) == 0) {
        char *text = malloc(BIG_REPLY_BYTES);

        memset(text, 'x', BIG_REPLY_BYTES);
        call_reply_owned(call, 200, "text/plain", text, BIG_REPLY_BYTES);
    } else {
        call_reply(call, 200,
                   json_pack("{s:s s:s s:s? s:s s:i s:s? s:s? s:b}", "method", call->method, "path",
                             call->path, "query", call->query, "body", call->body, "length",
                             (int)call->body_length, "type", call->content_type, "authorization",
                             call->authorization, "trusted", call->trusted));
    }
}

/* Below 32768, so no outgoing connection can occupy it. */
static inline int
listen_somewhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    for (port = (uint16_t)(20000 + getpid() % 10000); port < 32768; port++) {
        address.sin_port = htons(port);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0)
            return fd;
    }
    fail_msg("no free port");
    return -1;
}

static const struct http_limits usual_limits = {.connections = 512,
                                                .connections_per_peer = 512,
                                                .target_bytes = 8192,
                                                .header_bytes = 16384,
                                                .header_count = 100,
                                                .body_bytes = FIXTURE_BODY_MAX,
                                                .queued_bytes = 64u << 20,
                                                .head_ms = 60000,
                                                .body_ms = 60000,
                                                .idle_ms = 60000,
                                                .reply_ms = 60000};

static inline int
server_start(const struct http_limits *limits)
{
    handled = held_count = sent_count = 0;
    base = loop_new();
    server =
        http_server_new(base, (listen_fd = listen_somewhere()), true, limits, on_call, "context");
    return server ? 0 : -1;
}

static inline int
setup(void **state)
{
    (void)state;
    return server_start(&usual_limits);
}

static inline int
teardown(void **state)
{
    (void)state;
    if (server)
        http_server_free(server);
    server = NULL;
    event_base_free(base);
    return 0;
}

static inline void
turn(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    event_base_loop(base, EVLOOP_NONBLOCK);
    poll(&wait, 1, 1);
    event_base_loop(base, EVLOOP_NONBLOCK);
}

static inline int
client_connect(int fd)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};

    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static inline int
client_open(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(client_connect(fd), 0);
    evutil_make_socket_nonblocking(fd);
    return fd;
}

static inline bool
client_refused(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = client_connect(fd) < 0 && errno == ECONNREFUSED;

    close(fd);
    return refused;
}

/* Sends until done or until the server closes; returns the number of bytes sent. */
static inline size_t
client_send(int fd, const char *bytes, size_t length)
{
    int64_t end = clock_monotonic_ms() + FIXTURE_DEADLINE_MS;
    size_t done = 0;

    while (done < length && clock_monotonic_ms() < end) {
        ssize_t written = send(fd, bytes + done, length - done, MSG_NOSIGNAL);

        if (written > 0)
            done += (size_t)written;
        else if (errno != EAGAIN)
            break;
        turn(-1);
    }
    return done;
}

static inline void
client_say(int fd, const char *text)
{
    assert_int_equal(client_send(fd, text, strlen(text)), strlen(text));
}

/* Reads at least one byte; returns 0 at the end of the connection. */
static inline size_t
client_receive(int fd, char *to, size_t size)
{
    int64_t end = clock_monotonic_ms() + FIXTURE_DEADLINE_MS;

    while (clock_monotonic_ms() < end) {
        ssize_t got = recv(fd, to, size, 0);

        if (got >= 0)
            return (size_t)got;
        if (errno != EAGAIN)
            return 0;
        turn(fd);
    }
    fail_msg("the server keeps silent");
    return 0;
}

static inline bool
client_ended(int fd)
{
    char byte;

    return client_receive(fd, &byte, 1) == 0;
}

/* Reads until the connection closes. */
static inline void
client_drain(int fd)
{
    static char bytes[65536];

    while (client_receive(fd, bytes, sizeof bytes))
        ;
}

static inline void
reply_clear(struct reply *reply)
{
    free(reply->body);
    *reply = (struct reply){0};
}

/* The value of a header field, or "". */
static inline const char *
reply_header(const struct reply *reply, const char *name)
{
    static char value[256];
    char line[64];
    const char *at;

    snprintf(line, sizeof line, "\r\n%s: ", name);
    at = strcasestr(reply->head, line);
    if (!at)
        return "";
    at += strlen(line);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

static inline void
read_head(int fd, struct reply *reply)
{
    size_t used = 0;

    while (used < sizeof reply->head - 1 && !strstr(reply->head, "\r\n\r\n") &&
           client_receive(fd, reply->head + used, 1))
        used++;
    if (sscanf(reply->head, "HTTP/1.1 %d", &reply->status) != 1)
        fail_msg("no reply: \"%s\"", reply->head);
}

/* Reads one reply; no_body: the request was HEAD. */
static inline void
client_reply(int fd, struct reply *reply, bool no_body)
{
    size_t got;

    *reply = (struct reply){0};
    read_head(fd, reply);
    assert_true(*reply_header(reply, "Content-Length"));
    reply->length = no_body ? 0 : (size_t)atol(reply_header(reply, "Content-Length"));
    reply->body = calloc(1, reply->length + 1);
    for (size_t used = 0; used < reply->length; used += got) {
        got = client_receive(fd, reply->body + used, reply->length - used);
        assert_true(got > 0);
    }
}

static inline void
expect_problem(const struct reply *reply, int status, const char *code)
{
    json_t *problem = json_loadb(reply->body, reply->length, 0, NULL);

    if (reply->status != status)
        fail_msg("%d instead of %d: %s", reply->status, status, reply->body);
    assert_non_null(problem);
    assert_string_equal(reply_header(reply, "Content-Type"), "application/problem+json");
    assert_string_equal(json_string_value(json_object_get(problem, "type")), "about:blank");
    assert_string_equal(json_string_value(json_object_get(problem, "title")),
                        status_phrase(status));
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), status);
    assert_string_equal(json_string_value(json_object_get(problem, "code")), code);
    assert_true(json_string_length(json_object_get(problem, "detail")) > 0);
    json_decref(problem);
}

/* These bytes get this problem and nothing else; the handler is not called. */
static inline void
expect_refused_bytes(const char *bytes, size_t length, int status, const char *code)
{
    unsigned before = handled;
    int fd = client_open();
    struct reply reply;

    client_send(fd, bytes, length);
    client_reply(fd, &reply, false);
    expect_problem(&reply, status, code);
    assert_true(client_ended(fd));
    assert_int_equal(handled, before);
    reply_clear(&reply);
    close(fd);
}

static inline void
expect_refused(const char *request, int status, const char *code)
{
    expect_refused_bytes(request, strlen(request), status, code);
}

/* A member of the JSON in a reply of the handler. */
static inline void
expect_member(const struct reply *reply, const char *name, const char *value)
{
    json_t *body = json_loadb(reply->body, reply->length, 0, NULL);
    const json_t *member = json_object_get(body, name);

    assert_int_equal(reply->status, 200);
    if (value) {
        assert_true(json_is_string(member));
        assert_string_equal(json_string_value(member), value);
    } else {
        assert_true(json_is_null(member));
    }
    json_decref(body);
}

static inline void
exchange(int fd, const char *request, struct reply *reply)
{
    client_say(fd, request);
    client_reply(fd, reply, false);
}

static inline void
wait_held(unsigned count)
{
    int64_t end = clock_monotonic_ms() + FIXTURE_DEADLINE_MS;

    while (held_count < count && clock_monotonic_ms() < end)
        turn(-1);
    assert_int_equal(held_count, count);
}

static inline void
wait_open_calls(unsigned count)
{
    int64_t end = clock_monotonic_ms() + FIXTURE_DEADLINE_MS;

    while (http_server_open_calls(server) != count && clock_monotonic_ms() < end)
        turn(-1);
    assert_int_equal(http_server_open_calls(server), count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
