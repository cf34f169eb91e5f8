/* Counting, and the text on the channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/order/counters.h"
#include "common/order/reason.h"

static void
attempts_fall_into_buckets(void **state)
{
    struct counters counters = {0};

    (void)state;
    counters_attempt(&counters, 0);
    counters_attempt(&counters, counters_bound_ms(0));
    counters_attempt(&counters, counters_bound_ms(0) + 1);
    counters_attempt(&counters, 1 << 30);
    assert_int_equal(counters.attempts, 4);
    assert_int_equal(counters.durations[0], 2);
    assert_int_equal(counters.durations[1], 1);
    assert_int_equal(counters.durations[COUNTERS_BUCKETS], 1);
}

static void
each_reason_has_its_place(void **state)
{
    struct counters counters = {0};
    const struct reason *reason;
    size_t count = 0;

    (void)state;
    for (; (reason = reason_at(count)); count++)
        counters_error(&counters, reason->code);
    assert_in_range(count, 1, COUNTERS_REASONS);
    for (size_t i = 0; i < COUNTERS_REASONS; i++)
        assert_int_equal(counters.errors[i], i < count);
    counters_error(&counters, "no reason");
}

static void
a_text_goes_and_comes(void **state)
{
    struct counters counters, read = {0};
    char text[COUNTERS_TEXT_BYTES];

    (void)state;
    memset(&counters, 0xff, sizeof counters); /* the longest text */
    counters_text(&counters, text);
    assert_int_equal(counters_parse(text, &read), 0);
    assert_int_equal(read.created, UINT64_C(1) << 53);
    counters = (struct counters){.created = 7, .callbacks_waiting = 9};
    counters_text(&counters, text);
    assert_int_equal(counters_parse(text, &read), 0);
    assert_memory_equal(&counters, &read, sizeof read);
}

static void
another_text_is_refused(void **state)
{
    struct counters counters = {0}, before = {.created = 3}, now = before;
    char text[COUNTERS_TEXT_BYTES], longer[COUNTERS_TEXT_BYTES + 2];

    (void)state;
    counters_text(&counters, text);
    strcat(strcpy(longer, text), " 0");
    assert_int_equal(counters_parse(longer, &now), -1);
    strcat(strcpy(longer, text), "x");
    assert_int_equal(counters_parse(longer, &now), -1);
    text[strlen(text) - 2] = '\0';
    assert_int_equal(counters_parse(text, &now), -1);
    text[0] = '-';
    assert_int_equal(counters_parse(text, &now), -1);
    assert_int_equal(counters_parse("", &now), -1);
    assert_int_equal(counters_parse("99999999999999999999", &now), -1);
    assert_memory_equal(&before, &now, sizeof now);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_fall_into_buckets), cmocka_unit_test(each_reason_has_its_place),
        cmocka_unit_test(a_text_goes_and_comes), cmocka_unit_test(another_text_is_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
