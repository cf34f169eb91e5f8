/* SOCKS5 as spoken by browsers, and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/proxy/socks.h"

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

static void
test_greeting(void **state)
{
    (void)state;
    assert_int_equal(socks_greeting(BYTES("\x05\x01\x00")), 3);
    assert_int_equal(socks_greeting(BYTES("\x05\x02\x02\x00rest")), 4);
    assert_int_equal(socks_greeting(BYTES("")), 0);
    assert_int_equal(socks_greeting(BYTES("\x05")), 0);
    assert_int_equal(socks_greeting(BYTES("\x05\x02\x02")), 0);
    assert_int_equal(socks_greeting(BYTES("\x05\x01\x02")),
                     -1); /* offers only password authentication */
    assert_int_equal(socks_greeting(BYTES("GET / HTTP/1.1")), -1);
    assert_int_equal(socks_greeting(BYTES("\x04\x01")), -1);
}

static void
check(const unsigned char *bytes, size_t length, const char *host, uint16_t port)
{
    struct socks_target target;
    enum socks_reply refused = SOCKS_FAILED;

    for (size_t i = 0; i < length; i++)
        assert_int_equal(socks_request(bytes, i, &target, &refused), 0);
    assert_int_equal(socks_request(bytes, length, &target, &refused), (int)length);
    assert_int_equal(refused, SOCKS_GRANTED);
    assert_string_equal(target.host, host);
    assert_int_equal(target.port, port);
}

static void
test_request(void **state)
{
    (void)state;
    check(BYTES("\x05\x01\x00\x03\x03"
                "erp\x1f\x90"),
          "erp", 8080);
    check(BYTES("\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50"), "127.0.0.1", 80);
    check(BYTES("\x05\x01\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
                "\x01\xbb"),
          "::1", 443);
}

static void
test_refusals(void **state)
{
    struct socks_target target;
    enum socks_reply refused;

    (void)state;
    assert_int_equal(socks_request(BYTES("\x05\x02\x00\x03\x03"
                                         "erp\x1f\x90"),
                                   &target, &refused),
                     10);
    assert_int_equal(refused, SOCKS_COMMAND_UNKNOWN);
    assert_int_equal(socks_request(BYTES("\x05\x01\x00\x03\x03"
                                         "e\x00p\x1f\x90"),
                                   &target, &refused),
                     10);
    assert_int_equal(refused, SOCKS_ADDRESS_UNKNOWN);
    assert_int_equal(socks_request(BYTES("\x05\x01\x00\x03\x00\x1f\x90"), &target, &refused), 7);
    assert_int_equal(refused, SOCKS_ADDRESS_UNKNOWN);
    assert_int_equal(socks_request(BYTES("\x05\x01\x00\x09\x00\x00\x00"), &target, &refused), -1);
    assert_int_equal(socks_request(BYTES("\x04\x01"), &target, &refused), -1);
}

static void
test_answer(void **state)
{
    unsigned char answer[SOCKS_ANSWER_BYTES];

    (void)state;
    socks_answer(SOCKS_NOT_ALLOWED, answer);
    assert_memory_equal(answer, "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", sizeof answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greeting), cmocka_unit_test(test_request),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_answer)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
