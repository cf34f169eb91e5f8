/* Percent-encoding and decoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/percent.h"

static void
test_percent(void **state)
{
    char bytes[256], *encoded, decoded[256];

    (void)state;
    for (int i = 1; i < 256; i++)
        bytes[i - 1] = (char)i;
    bytes[255] = '\0';
    encoded = percent_encode(bytes);
    assert_null(strpbrk(encoded, " /?&=+#\"\\"));
    assert_int_equal(percent_decode(encoded, strlen(encoded), decoded, 256, true), 0);
    assert_memory_equal(decoded, bytes, 256);
    assert_int_equal(percent_decode(encoded, strlen(encoded), decoded, 255, true), -1);
    free(encoded);
    encoded = percent_encode("Bennys Auto/ä-._~");
    assert_string_equal(encoded, "Bennys%20Auto%2F%C3%A4-._~");
    free(encoded);
}

static void
test_percent_decode(void **state)
{
    char text[8];

    (void)state;
    assert_int_equal(percent_decode("a+b", 3, text, sizeof text, false), 0);
    assert_string_equal(text, "a+b");
    assert_int_equal(percent_decode("", 0, text, sizeof text, false), 0);
    assert_string_equal(text, "");
    assert_int_equal(percent_decode("%4142", 3, text, sizeof text, false), 0);
    assert_string_equal(text, "A");
    assert_int_equal(percent_decode("%4142", 2, text, sizeof text, false), -1);
    assert_int_equal(percent_decode("a\0b", 3, text, sizeof text, false), -1);
    assert_int_equal(percent_decode("%g1", 3, text, sizeof text, false), -1);
    assert_int_equal(percent_decode("%1g", 3, text, sizeof text, false), -1);
    assert_int_equal(percent_decode("%\xff"
                                    "1",
                                    3, text, sizeof text, false),
                     -1);
    assert_int_equal(percent_decode("1234567", 7, text, sizeof text, false), 0);
    assert_int_equal(percent_decode("12345678", 8, text, sizeof text, false), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_percent),
                                       cmocka_unit_test(test_percent_decode)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
