/* The proxy over real sockets: a browser, an ERP, and the gate between them. */
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

static struct sockaddr_in
address_of(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int
connect_to(uint16_t port)
{
    struct sockaddr_in address = address_of(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void
turn(void)
{
    struct timeval pause = clock_timeval(1);

    event_base_loopexit(base, &pause);
    event_base_dispatch(base);
}

static bool
is_late(int64_t began_ms)
{
    return clock_monotonic_ms() - began_ms > DEADLINE_MS;
}

/* Expects exactly these bytes. */
static void
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

static void
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

static void
say(int fd, const char *bytes, size_t length)
{
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
}

#define SAY(fd, text) say(fd, text, sizeof(text) - 1)
#define EXPECT(fd, text) expect(fd, text, sizeof(text) - 1)

static int
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

static bool
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

static int
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

static struct pair
tunnel(void)
{
    struct pair pair = {.browser = ask_for("127.0.0.1", erp_port, 0)};

    pair.erp = accept_erp();
    return pair;
}

static void
expect_refused(void)
{
    expect_end(ask_for("127.0.0.1", erp_port, 2));
    assert_false(erp_is_asked());
}

/* --- the gate --- */

static void
leaves(bool commits, enum erp_gate gate)
{
    proxy_leaves(proxy, &(struct erp_request){.commits = commits, .gate = gate});
}

static void
open_browser(void)
{
    leaves(false, ERP_GATE_RENEWS);
}

static void
commit(void)
{
    leaves(true, ERP_GATE_STAYS);
}

static void
send_post(struct pair pair)
{
    SAY(pair.browser, POST);
    EXPECT(pair.erp, POST);
}

static void
expect_list(const char *text)
{
    char *list = proxy_list(proxy);

    if (!strstr(list, text))
        fail_msg("\"%s\" is not in:\n%s", text, list);
    assert_null(strstr(list, "secret"));
    free(list);
}

/* --- tests --- */

static void
test_nothing_passes_before_a_browser_is_opened(void **state)
{
    (void)state;
    expect_refused();
    assert_null(proxy_shut(proxy));
}

static void
test_bytes_pass_both_ways(void **state)
{
    struct pair pair;

    (void)state;
    open_browser();
    pair = tunnel();
    send_post(pair);
    SAY(pair.erp, REPLY "and more");
    EXPECT(pair.browser, REPLY "and more");
    expect_list("POST /save -> 302");
    close(pair.erp);
    expect_end(pair.browser);
}

/* Nor if the first line is malformed. */
static void
test_no_query_is_listed(void **state)
{
    static const char odd[] = "POST\t/save?secret=1 HTTP/1.1\r\nHost: erp\r\n\r\n";
    struct pair pair;

    (void)state;
    open_browser();
    pair = tunnel();
    SAY(pair.browser, odd);
    EXPECT(pair.erp, odd);
    SAY(pair.erp, REPLY);
    EXPECT(pair.browser, REPLY);
    expect_list("POST /save -> 302");
    close(pair.erp);
    expect_end(pair.browser);
}

static void
test_other_hosts_are_refused(void **state)
{
    (void)state;
    open_browser();
    expect_end(ask_for("127.0.0.1", (uint16_t)(erp_port ^ 1), 2));
    expect_end(ask_for("update.example.com", 443, 2));
    expect_list("update.example.com:443: refused: not a host of the ERP or in browser.hosts");
}

/* A name with two addresses, of which one answers. */
static void
test_each_address_is_tried(void **state)
{
    struct pair pair;

    (void)state;
    open_browser();
    pair.browser = ask_for("localhost", erp_port, 0);
    pair.erp = accept_erp();
    send_post(pair);
    close(pair.browser);
    expect_end(pair.erp);
}

static void
test_a_lost_reply_shuts_the_gate(void **state)
{
    const struct linger reset = {1, 0};

    (void)state;
    for (int by_reset = 0; by_reset < 2; by_reset++) {
        struct pair kept, lost;

        open_browser();
        kept = tunnel();
        lost = tunnel();
        commit();
        send_post(lost);
        if (by_reset)
            setsockopt(lost.erp, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(lost.erp);
        expect_end(lost.browser);
        expect_end(kept.browser);
        expect_end(kept.erp);
        assert_non_null(strstr(proxy_shut(proxy), "POST /save to 127.0.0.1"));
        expect_list("POST /save: closed by the ERP before its reply");
        commit();
        expect_refused();
        leaves(false, ERP_GATE_OPENS);
        expect_refused();
    }
    open_browser();
    assert_null(proxy_shut(proxy));
    close(tunnel().browser);
}

static void
test_an_answered_request_does_not(void **state)
{
    struct pair pair;

    (void)state;
    open_browser();
    commit();
    pair = tunnel();
    send_post(pair);
    SAY(pair.erp, REPLY);
    EXPECT(pair.browser, REPLY);
    close(pair.erp);
    expect_end(pair.browser);
    assert_null(proxy_shut(proxy));
    close(tunnel().browser);
}

static void
test_a_reply_that_makes_it_repeat_is_held_back(void **state)
{
    struct pair pair;

    (void)state;
    open_browser();
    commit();
    pair = tunnel();
    send_post(pair);
    SAY(pair.erp, "HTTP/1.1 408 Request Timeout\r\n\r\n");
    expect_end(pair.browser);
    expect_end(pair.erp);
    assert_non_null(strstr(proxy_shut(proxy), "408"));
}

static void
test_outside_a_commit_it_stays_open(void **state)
{
    struct pair pair;

    (void)state;
    open_browser();
    pair = tunnel();
    send_post(pair);
    close(pair.erp);
    expect_end(pair.browser);
    commit();
    leaves(false, ERP_GATE_OPENS);
    pair = tunnel();
    send_post(pair);
    close(pair.erp);
    expect_end(pair.browser);
    assert_null(proxy_shut(proxy));
}

static void
test_encrypted_any_end_shuts_it(void **state)
{
    struct pair pair;

    (void)state;
    open_browser();
    pair = tunnel();
    commit();
    SAY(pair.browser, TLS_HELLO);
    EXPECT(pair.erp, TLS_HELLO);
    SAY(pair.erp, "\x17\x03\x03\x00\x01x");
    EXPECT(pair.browser, "\x17\x03\x03\x00\x01x");
    close(pair.browser);
    expect_end(pair.erp);
    assert_non_null(proxy_shut(proxy));
    expect_refused();
}

/* Data before the end may be the whole reply: the browser gets all of it. */
static void
test_what_has_come_down_is_passed_on(void **state)
{
    static char reply[1 << 18], got[sizeof reply];
    struct pair pair;
    size_t sent = 0, have = 0;

    (void)state;
    open_browser();
    pair = tunnel();
    commit();
    SAY(pair.browser, TLS_HELLO);
    EXPECT(pair.erp, TLS_HELLO);
    for (size_t i = 0; i < sizeof reply; i++)
        reply[i] = (char)(i * 7);
    for (int64_t began_ms = clock_monotonic_ms(); sent < sizeof reply && !is_late(began_ms);
         turn()) {
        ssize_t count = write(pair.erp, reply + sent, sizeof reply - sent);

        sent += count > 0 ? (size_t)count : 0;
    }
    close(pair.erp);
    for (int64_t began_ms = clock_monotonic_ms(); !proxy_shut(proxy) && !is_late(began_ms);)
        turn();
    assert_non_null(proxy_shut(proxy));
    for (int64_t began_ms = clock_monotonic_ms(); have < sizeof got && !is_late(began_ms); turn()) {
        ssize_t count = read(pair.browser, got + have, sizeof got - have);

        have += count > 0 ? (size_t)count : 0;
    }
    assert_int_equal(have, sizeof got);
    assert_memory_equal(got, reply, sizeof got);
    expect_end(pair.browser);
}

/* The browser closes one connection and uses another at once: both are read in one turn of the
 * loop. */
static void
test_a_repeat_on_a_kept_connection(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct pair first, second, kept, given_up;

        open_browser();
        first = tunnel();
        second = tunnel();
        kept = order ? first : second;
        given_up = order ? second : first;
        commit();
        send_post(given_up);
        close(given_up.browser);
        SAY(kept.browser, POST);
        expect_end(kept.erp); /* not a single byte */
        expect_end(given_up.erp);
        expect_end(kept.browser);
        assert_non_null(proxy_shut(proxy));
    }
}

static void
test_a_slow_reader_holds_up_the_other_side(void **state)
{
    struct pair pair;
    static char block[1 << 16];
    size_t sent = 0;
    int idle = 0;

    (void)state;
    open_browser();
    pair = tunnel();
    while (idle < 100) {
        ssize_t count = write(pair.erp, block, sizeof block);

        turn();
        sent += count > 0 ? (size_t)count : 0;
        idle = count > 0 ? 0 : idle + 1;
    }
    assert_true(sent < 64u << 20); /* buffering in the kernel and the proxy is bounded */
    for (int64_t began_ms = clock_monotonic_ms(); sent && !is_late(began_ms); turn()) {
        ssize_t count = read(pair.browser, block, sizeof block);

        sent -= count > 0 ? (size_t)count : 0;
    }
    assert_int_equal(sent, 0);
    close(pair.browser);
    expect_end(pair.erp);
}

static void
test_no_more_tunnels_than_its_bound(void **state)
{
    int fds[PROXY_TUNNELS_MAX];

    (void)state;
    open_browser();
    for (size_t i = 0; i < PROXY_TUNNELS_MAX; i++) {
        fds[i] = connect_to(proxy_port);
        SAY(fds[i], "\x05\x01\x00");
        EXPECT(fds[i], "\x05\x00");
    }
    expect_end(connect_to(proxy_port));
    for (size_t i = 0; i < PROXY_TUNNELS_MAX; i++)
        close(fds[i]);
}

/* --- */

static int
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

static int
tear_down(void **state)
{
    (void)state;
    proxy_free(proxy);
    event_base_free(base);
    close(erp_listener);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_nothing_passes_before_a_browser_is_opened),
                                       TEST(test_bytes_pass_both_ways),
                                       TEST(test_no_query_is_listed),
                                       TEST(test_other_hosts_are_refused),
                                       TEST(test_each_address_is_tried),
                                       TEST(test_a_lost_reply_shuts_the_gate),
                                       TEST(test_an_answered_request_does_not),
                                       TEST(test_a_reply_that_makes_it_repeat_is_held_back),
                                       TEST(test_outside_a_commit_it_stays_open),
                                       TEST(test_encrypted_any_end_shuts_it),
                                       TEST(test_what_has_come_down_is_passed_on),
                                       TEST(test_a_repeat_on_a_kept_connection),
                                       TEST(test_a_slow_reader_holds_up_the_other_side),
                                       TEST(test_no_more_tunnels_than_its_bound)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
