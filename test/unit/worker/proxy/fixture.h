/* A proxy between a browser and an ERP, both of them sockets of the test. */
#ifndef TEST_PROXY_FIXTURE_H
#define TEST_PROXY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "worker/proxy/proxy.h"

#define DEADLINE_MS 20000
#define POST "POST /save?secret=1 HTTP/1.1\r\nHost: erp\r\nContent-Length: 3\r\n\r\na=b"
#define REPLY "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
#define TLS_HELLO "\x16\x03\x01\x00\x01x"

static struct event_base *base;
static struct proxy *proxy;
static uint16_t proxy_port, erp_port;
static int erp_listener;

/* --- sockets --- */

static inline struct sockaddr_in
address_of(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int
connect_to(uint16_t port)
{
    struct sockaddr_in address = address_of(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static inline void
turn(void)
{
    struct timeval pause = clock_timeval(1);

    event_base_loopexit(base, &pause);
    event_base_dispatch(base);
}

static inline bool
is_late(int64_t began_ms)
{
    return clock_monotonic_ms() - began_ms > DEADLINE_MS;
}

/* Expects exactly these bytes. */
static inline void
expect(int fd, const char *bytes, size_t length)
{
    char got[4096];
    size_t have = 0;
    int64_t began_ms = clock_monotonic_ms();

    while (have < length && !is_late(began_ms)) {
        ssize_t count = read(fd, got + have, length - have);

        assert_true(count > 0 || (count < 0 && errno == EAGAIN));
        if (count > 0)
            have += (size_t)count;
        else
            turn();
    }
    assert_int_equal(have, length);
    assert_memory_equal(got, bytes, length);
}

static inline void
expect_end(int fd)
{
    int64_t began_ms = clock_monotonic_ms();
    char byte;
    ssize_t count;

    while ((count = read(fd, &byte, 1)) < 0 && errno == EAGAIN && !is_late(began_ms))
        turn();
    assert_true(count == 0 || (count < 0 && errno == ECONNRESET));
    close(fd);
}

static inline void
say(int fd, const char *bytes, size_t length)
{
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
}

#define SAY(fd, text) say(fd, text, sizeof(text) - 1)
#define EXPECT(fd, text) expect(fd, text, sizeof(text) - 1)

static inline int
accept_erp(void)
{
    int64_t began_ms = clock_monotonic_ms();
    int fd;

    while ((fd = accept(erp_listener, NULL, NULL)) < 0 && !is_late(began_ms))
        turn();
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static inline bool
erp_is_asked(void)
{
    int fd;

    for (int i = 0; i < 25; i++)
        turn();
    fd = accept(erp_listener, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* --- SOCKS --- */

static inline int
ask_for(const char *host, uint16_t port, unsigned char reply)
{
    unsigned char request[300] = {5, 1, 0, 3, (unsigned char)strlen(host)};
    const char answer[10] = {5, (char)reply, 0, 1};
    size_t length = 5 + strlen(host);
    int fd = connect_to(proxy_port);

    memcpy(request + 5, host, strlen(host));
    request[length++] = (unsigned char)(port >> 8);
    request[length++] = (unsigned char)port;
    SAY(fd, "\x05\x01\x00");
    EXPECT(fd, "\x05\x00");
    say(fd, (const char *)request, length);
    expect(fd, answer, sizeof answer);
    return fd;
}

struct pair {
    int browser, erp;
};

static inline struct pair
tunnel(void)
{
    struct pair pair = {.browser = ask_for("127.0.0.1", erp_port, 0)};

    pair.erp = accept_erp();
    return pair;
}

static inline void
expect_refused(void)
{
    expect_end(ask_for("127.0.0.1", erp_port, 2));
    assert_false(erp_is_asked());
}

/* --- the gate --- */

static inline void
leaves(bool commits, enum erp_gate gate)
{
    proxy_leaves(proxy, &(struct erp_request){.commits = commits, .gate = gate});
}

static inline void
open_browser(void)
{
    leaves(false, ERP_GATE_RENEWS);
}

static inline void
commit(void)
{
    leaves(true, ERP_GATE_STAYS);
}

static inline void
send_post(struct pair pair)
{
    SAY(pair.browser, POST);
    EXPECT(pair.erp, POST);
}

static inline void
expect_list(const char *text)
{
    char *list = proxy_list(proxy);

    if (!strstr(list, text))
        fail_msg("\"%s\" is not in:\n%s", text, list);
    assert_null(strstr(list, "secret"));
    free(list);
}

/* --- set-up --- */

static inline int
set_up(void **state)
{
    char address[PROXY_ADDRESS_BYTES] = PROXY_ADDRESS_DEFAULT;
    struct sockaddr_in erp = address_of(0);
    socklen_t length = sizeof erp;
    struct host_pattern hosts[2];
    char text[32];
    struct err err;
    int fd;

    (void)state;
    base = event_base_new();
    erp_listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(erp_listener, (struct sockaddr *)&erp, sizeof erp) || listen(erp_listener, 16) ||
        getsockname(erp_listener, (struct sockaddr *)&erp, &length))
        return -1;
    erp_port = ntohs(erp.sin_port);
    fd = proxy_listen(address, &err);
    proxy_port = (uint16_t)atoi(strrchr(address, ':') + 1);
    snprintf(text, sizeof text, "127.0.0.1:%u", erp_port);
    host_pattern_parse(text, &hosts[0]);
    snprintf(text, sizeof text, "localhost:%u", erp_port);
    host_pattern_parse(text, &hosts[1]);
    proxy = fd < 0 ? NULL : proxy_new(base, fd, hosts, 2);
    return proxy ? 0 : -1;
}

static inline int
tear_down(void **state)
{
    (void)state;
    proxy_free(proxy);
    event_base_free(base);
    close(erp_listener);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
