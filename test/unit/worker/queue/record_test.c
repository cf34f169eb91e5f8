/* Records: what was written comes back, and nothing else is taken for it. */
#include "test/unit/worker/fixture.h"

#include "worker/queue/record.h"

static const struct bytes key = {"u-1", 3};

static struct order
full_order(void)
{
    struct order order = order_of("u-1", "Ärbeit \"558\"");

    strcpy(order.product_amount, "004.70");
    order.status = ORDER_ERROR;
    strcpy(order.reason_code, "erp_rejected");
    strcpy(order.reason_text, "it says: no\\");
    strcpy(order.erp_reference, "4711");
    order.attempts = UINT32_MAX;
    order.placed_ms = 1795594530123;
    order.updated_ms = 1795594530124;
    order.next_attempt_ms = 1795594530125;
    order.seq = 1ull << 60;
    order.history_length = UINT32_MAX - 1;
    order.commit_sent = true;
    order.queued_ms = 1795594530126;
    order.retry_since_ms = 1795594530127;
    order.trusted_ms = 1795594530128;
    return order;
}

static struct bytes
encode(const struct order *order)
{
    json_t *content = record_from_order(order);
    struct bytes record = record_encode(key, content);

    json_decref(content);
    return record;
}

static void
assert_round_trip(const struct order *order)
{
    struct bytes record = encode(order);
    json_t *content = record_decode(key, record);
    struct order back;

    assert_non_null(content);
    memset(&back, 0xff, sizeof back);
    assert_int_equal(record_to_order(content, &back), 0);
    assert_string_equal(back.uniqueid, order->uniqueid);
    assert_string_equal(back.worksheet, order->worksheet);
    assert_string_equal(back.product_nr, order->product_nr);
    assert_string_equal(back.product_amount, order->product_amount);
    assert_int_equal(back.status, order->status);
    assert_string_equal(back.reason_code, order->reason_code);
    assert_string_equal(back.reason_text, order->reason_text);
    assert_string_equal(back.erp_reference, order->erp_reference);
    assert_int_equal(back.attempts, order->attempts);
    assert_int_equal(back.placed_ms, order->placed_ms);
    assert_int_equal(back.updated_ms, order->updated_ms);
    assert_int_equal(back.next_attempt_ms, order->next_attempt_ms);
    assert_int_equal(back.seq, order->seq);
    assert_int_equal(back.history_length, order->history_length);
    assert_int_equal(back.commit_sent, order->commit_sent);
    assert_int_equal(back.own_credentials, order->own_credentials);
    assert_int_equal(back.queued_ms, order->queued_ms);
    assert_int_equal(back.retry_since_ms, order->retry_since_ms);
    assert_int_equal(back.trusted_ms, order->trusted_ms);
    json_decref(content);
    free((void *)record.data);
}

static void
every_member_comes_back(void **state)
{
    struct order order = full_order();

    (void)state;
    assert_round_trip(&order);
    order.commit_sent = false;
    order.own_credentials = true;
    assert_round_trip(&order);
}

static void
longest_texts_come_back(void **state)
{
    struct order order = full_order();

    (void)state;
    memset(order.worksheet, '"', ORDER_VALUE_MAX);
    memset(order.product_nr, '\\', ORDER_VALUE_MAX);
    memset(order.reason_text, 'x', ORDER_REASON_TEXT_MAX);
    memset(order.erp_reference, 'y', ORDER_REFERENCE_MAX);
    assert_round_trip(&order);
}

static void
one_damaged_bit_is_refused(void **state)
{
    struct order order = full_order();
    struct bytes record = encode(&order);
    unsigned char *data = (unsigned char *)record.data;

    (void)state;
    for (size_t i = 0; i < record.size * 8; i++) {
        data[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_null(record_decode(key, record));
        data[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    free(data);
}

static void
another_key_is_refused(void **state)
{
    static const char *const others[] = {"u-2", "u-", "u-11", "U-1", ""};
    struct order order = full_order();
    struct bytes record = encode(&order);

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(record_decode((struct bytes){others[i], strlen(others[i])}, record));
    free((void *)record.data);
}

static void
a_short_record_is_refused(void **state)
{
    struct order order = full_order();
    struct bytes record = encode(&order);

    (void)state;
    for (size_t size = 0; size < record.size; size++)
        assert_null(record_decode(key, (struct bytes){record.data, size}));
    free((void *)record.data);
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
    assert_int_equal(record_to_order(content, &back), -1);
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
    assert_int_equal(record_to_order(content, &back), 0);
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

/* Found by fuzzing: whoever believes them works on for ever, or can't write another record. */
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
        cmocka_unit_test(every_member_comes_back),
        cmocka_unit_test(longest_texts_come_back),
        cmocka_unit_test(one_damaged_bit_is_refused),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(a_short_record_is_refused),
        cmocka_unit_test(an_order_of_an_earlier_version_is_read),
        cmocka_unit_test(a_member_that_is_missing_is_refused),
        cmocka_unit_test(a_member_of_another_kind_is_refused),
        cmocka_unit_test(a_value_that_no_queue_writes_is_refused),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
