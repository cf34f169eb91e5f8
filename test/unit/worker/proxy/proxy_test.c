/* The proxy over real sockets: which hosts it connects to, what it passes on, its limits. */
#include "test/unit/worker/proxy/fixture.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_passes_before_a_browser_is_opened),
        TEST(test_bytes_pass_both_ways),
        TEST(test_no_query_is_listed),
        TEST(test_other_hosts_are_refused),
        TEST(test_each_address_is_tried),
        TEST(test_a_slow_reader_holds_up_the_other_side),
        TEST(test_no_more_tunnels_than_its_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
