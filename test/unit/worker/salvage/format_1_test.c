/* Orders of format 1: what it wrote is read, and nothing else. */
#include "test/unit/worker/fixture.h"

#include "worker/salvage/format_1.h"

/* As that release wrote it. */
static json_t *
record_from_order(const struct order *order)
{
    return json_pack(
        "{s:s s:s s:s s:s s:i s:s s:s s:s s:I s:I s:I s:I s:I s:I s:b s:b s:I s:I s:i s:I}",
        "uniqueid", order->uniqueid, "worksheet", order->worksheet, "product_nr", order->product_nr,
        "product_amount", order->product_amount, "status", (int)order->status, "reason_code",
        order->reason_code, "reason_text", order->reason_text, "erp_reference",
        order->erp_reference, "attempts", (json_int_t)order->attempts, "placed_ms",
        (json_int_t)order->placed_ms, "updated_ms", (json_int_t)order->updated_ms,
        "next_attempt_ms", (json_int_t)order->next_attempt_ms, "seq", (json_int_t)order->seq,
        "history_length", (json_int_t)order->history_length, "commit_sent", order->commit_sent,
        "own_credentials", order->own_credentials, "queued_ms", (json_int_t)order->queued_ms,
        "retry_since_run_ms", (json_int_t)order->retry_since_ms, "retry_since_ms",
        0 /* earlier versions want it: wall clock */, "trusted_ms", (json_int_t)order->trusted_ms);
}

/* A record that is whole on disk, but not of an order as this version knows it. */
static void
assert_no_order(const char *member, json_t *value)
{
    struct order order = full_order(), back;
    json_t *content = record_from_order(&order);

    if (value)
        json_object_set_new(content, member, value);
    else
        json_object_del(content, member);
    assert_int_equal(format_1_content(content, &back), -1);
    json_decref(content);
}

/* What earlier versions did not write, or wrote otherwise. */
static bool
is_optional(const char *member)
{
    static const char *const names[] = {"retry_since_ms", "retry_since_run_ms", "trusted_ms"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], member) == 0)
            return true;
    return false;
}

/* Its retry_since_ms was wall clock: counting begins anew. */
static void
an_order_of_an_earlier_version_is_read(void **state)
{
    struct order order = full_order(), back;
    json_t *content = record_from_order(&order);

    (void)state;
    json_object_del(content, "retry_since_run_ms");
    json_object_del(content, "trusted_ms");
    json_object_set_new(content, "retry_since_ms", json_integer(1795594530127));
    assert_int_equal(format_1_content(content, &back), 0);
    assert_int_equal(back.retry_since_ms, 0);
    assert_int_equal(back.trusted_ms, 0);
    assert_string_equal(back.uniqueid, order.uniqueid);
    json_decref(content);
}

static void
a_member_that_is_missing_is_refused(void **state)
{
    struct order order = full_order();
    json_t *content = record_from_order(&order), *value;
    const char *member;

    (void)state;
    assert_int_equal(json_object_size(content), 20);
    json_object_foreach(content, member, value)
    {
        if (!is_optional(member))
            assert_no_order(member, NULL);
    }
    json_decref(content);
}

static void
a_member_of_another_kind_is_refused(void **state)
{
    char longer[ORDER_VALUE_MAX + 2] = "";

    (void)state;
    memset(longer, 'x', ORDER_VALUE_MAX + 1);
    assert_no_order("uniqueid", json_string(longer));
    assert_no_order("worksheet", json_integer(558));
    assert_no_order("status", json_integer(ORDER_PLACED - 1));
    assert_no_order("status", json_integer(ORDER_ERROR + 1));
    assert_no_order("status", json_string("placed"));
    assert_no_order("seq", json_string("1"));
    assert_no_order("commit_sent", json_integer(1));
}

/* Found by fuzzing: a reader that trusts them works on for ever, or can't write another record. */
static void
a_value_that_no_queue_writes_is_refused(void **state)
{
    (void)state;
    assert_no_order("uniqueid", json_string(""));
    assert_no_order("history_length", json_integer(-1));
    assert_no_order("history_length", json_integer(1LL << 32));
    assert_no_order("attempts", json_integer(-1));
    assert_no_order("seq", json_integer(-1));
    assert_no_order("seq", json_integer(INT64_MAX));
}

static void
a_record_is_one_under_its_own_name_alone(void **state)
{
    struct order order = full_order(), back;
    const struct bytes key = {"u-1", 3}, other = {"u-2", 3};
    json_t *content = record_from_order(&order);
    struct bytes record = record_encode(key, content), moved = record_encode(other, content);

    (void)state;
    assert_int_equal(format_1_order(key, record, &back), 0);
    assert_string_equal(back.reason_text, order.reason_text);
    assert_int_equal(format_1_order(other, record, &back), -1);
    assert_int_equal(format_1_order(other, moved, &back), -1);
    free((void *)record.data);
    free((void *)moved.data);
    json_decref(content);
}

static void
a_line_has_the_key_of_its_order(void **state)
{
    char uniqueid[ORDER_VALUE_MAX + 1];
    uint32_t number;

    (void)state;
    assert_int_equal(format_1_line((struct bytes){"u-1\0\0\0\1\2", 8}, uniqueid, &number), 0);
    assert_string_equal(uniqueid, "u-1");
    assert_int_equal(number, 258);
    assert_int_equal(format_1_line((struct bytes){"u-1\0\0\0\1", 7}, uniqueid, &number), -1);
    assert_int_equal(format_1_line((struct bytes){"\0\0\0\1\2", 5}, uniqueid, &number), -1);
    assert_int_equal(format_1_line((struct bytes){"u-1", 3}, uniqueid, &number), -1);
}

static int
start(void **state)
{
    (void)state;
    secret_start();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_of_an_earlier_version_is_read),
        cmocka_unit_test(a_member_that_is_missing_is_refused),
        cmocka_unit_test(a_member_of_another_kind_is_refused),
        cmocka_unit_test(a_value_that_no_queue_writes_is_refused),
        cmocka_unit_test(a_record_is_one_under_its_own_name_alone),
        cmocka_unit_test(a_line_has_the_key_of_its_order),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
