/* The gate of the proxy: which end of a connection closes it during a commit. */
#include "test/unit/worker/proxy/fixture.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_lost_reply_shuts_the_gate),
        TEST(test_an_answered_request_does_not),
        TEST(test_a_reply_that_makes_it_repeat_is_held_back),
        TEST(test_outside_a_commit_it_stays_open),
        TEST(test_encrypted_any_end_shuts_it),
        TEST(test_what_has_come_down_is_passed_on),
        TEST(test_a_repeat_on_a_kept_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
