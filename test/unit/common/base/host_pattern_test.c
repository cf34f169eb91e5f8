/* Patterns for the hosts that a page may connect to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/host_pattern.h"

static bool
matches(const char *text, const char *host, uint16_t port)
{
    struct host_pattern pattern;

    assert_true(host_pattern_parse(text, &pattern));
    return host_pattern_matches(&pattern, host, port);
}

static void
test_matches(void **state)
{
    (void)state;
    assert_true(matches("erp.example.com", "erp.example.com", 443));
    assert_true(matches("ERP.example.com:8443", "erp.Example.com", 8443));
    assert_false(matches("erp.example.com", "erp.example.com", 80));
    assert_false(matches("erp.example.com", "xerp.example.com", 443));
    assert_false(matches("erp.example.com", "erp.example.com.evil.net", 443));
    assert_true(matches("*.example.com", "cdn.example.com", 443));
    assert_true(matches("*.example.com", "a.cdn.example.com", 443));
    assert_false(matches("*.example.com", "example.com", 443));
    assert_false(matches("*.example.com", "evilexample.com", 443));
    assert_true(matches("127.0.0.1:8000", "127.0.0.1", 8000));
    assert_true(matches("[::1]:8000", "::1", 8000));
    assert_true(matches("[0:0:0:0:0:0:0:1]:8000", "::1", 8000));
}

static void
test_invalid_patterns(void **state)
{
    static const char *const wrong[] = {"",     "http://erp", "erp/x",    "erp:",  "erp:0",
                                        ":80",  "erp:65536",  "erp:80x",  "*",     "*.",
                                        "e*p",  "[::1",       "[erp]:80", "::1",   "a b",
                                        "[]:8", "erp:8:9",    "*.:443",   "*:443", "."};
    struct host_pattern pattern;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (host_pattern_parse(wrong[i], &pattern))
            fail_msg("%s", wrong[i]);
}

static void
test_of_url(void **state)
{
    static const struct {
        const char *url, *host;
        uint16_t port;
    } cases[] = {{"http://h/db/", "h", 80},
                 {"https://H.example/x:9", "h.example", 443},
                 {"http://h:8000/db/", "h", 8000},
                 {"https://[::1]:65535", "::1", 65535},
                 {"https://[::0:1]/a:1", "::1", 443}};
    struct host_pattern pattern;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        host_pattern_of_url(cases[i].url, &pattern);
        assert_string_equal(pattern.host, cases[i].host);
        assert_int_equal(pattern.port, cases[i].port);
    }
}

static void
test_addresses(void **state)
{
    struct host_pattern pattern;

    (void)state;
    assert_true(host_pattern_parse("10.0.0.5:3128", &pattern) && host_pattern_is_address(&pattern));
    assert_true(host_pattern_parse("[fe80::1]:1", &pattern) && host_pattern_is_address(&pattern));
    assert_true(host_pattern_parse("erp:3128", &pattern) && !host_pattern_is_address(&pattern));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches), cmocka_unit_test(test_invalid_patterns),
        cmocka_unit_test(test_of_url), cmocka_unit_test(test_addresses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
