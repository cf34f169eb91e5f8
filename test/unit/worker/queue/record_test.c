/* Records: what was written comes back, and nothing else is taken for it. */
#include "test/unit/worker/fixture.h"

#include "worker/queue/record.h"

static struct order
fuller_order(void)
{
    struct order order = full_order();

    order.born = 1ull << 59;
    strcpy(order.erp_product, "OIL-5W30");
    strcpy(order.erp_amount, "0.047");
    strcpy(order.written_off, "warranty");
    strcpy(order.placed_by, "toilmat");
    return order;
}

static const struct bytes secret = {"sealed\0 it is", 13};

/* The record of an order and its key, and what comes back. */
struct made {
    unsigned char buffer[RECORD_ORDER_MAX], key[QUEUE_SEQ_BYTES];
    struct bytes record;
};

static struct made *
encode(const struct order *order, struct bytes sealed)
{
    struct made *made = calloc(1, sizeof *made);

    made->record = record_encode_order(made->buffer, order, sealed);
    queue_key_seq(made->key, order->seq);
    return made;
}

static int
decode(const struct made *made, struct order *order, struct bytes *sealed)
{
    return record_decode_order((struct bytes){made->key, sizeof made->key}, made->record, order,
                               sealed);
}

static void
assert_round_trip(const struct order *order)
{
    struct made *made = encode(order, secret);
    struct bytes sealed;
    struct order back;

    memset(&back, 0xff, sizeof back);
    assert_int_equal(decode(made, &back, &sealed), 0);
    assert_int_equal(sealed.size, secret.size);
    assert_memory_equal(sealed.data, secret.data, secret.size);
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
    assert_int_equal(back.born, order->born);
    assert_int_equal(back.history_length, order->history_length);
    assert_int_equal(back.commit_sent, order->commit_sent);
    assert_int_equal(back.own_credentials, order->own_credentials);
    assert_int_equal(back.queued_ms, order->queued_ms);
    assert_int_equal(back.retry_since_ms, order->retry_since_ms);
    assert_int_equal(back.trusted_ms, order->trusted_ms);
    assert_int_equal(back.by_hand, order->by_hand);
    assert_int_equal(back.confirm, order->confirm);
    assert_int_equal(back.mapped, order->mapped);
    assert_int_equal(back.held, order->held);
    assert_string_equal(back.erp_product, order->erp_product);
    assert_string_equal(back.erp_amount, order->erp_amount);
    assert_string_equal(back.written_off, order->written_off);
    assert_string_equal(back.placed_by, order->placed_by);
    free(made);
}

static void
every_member_comes_back(void **state)
{
    struct order order = fuller_order();

    (void)state;
    assert_round_trip(&order);
    order.commit_sent = false;
    order.own_credentials = true;
    assert_round_trip(&order);
    order.by_hand = true;
    assert_round_trip(&order);
    order.mapped = true;
    assert_round_trip(&order);
    order.held = true;
    assert_round_trip(&order);
    order.by_hand = false;
    order.confirm = true;
    assert_round_trip(&order);
}

static void
longest_texts_come_back(void **state)
{
    struct order order = fuller_order();

    (void)state;
    memset(order.worksheet, '"', ORDER_VALUE_MAX);
    memset(order.product_nr, '\\', ORDER_VALUE_MAX);
    memset(order.reason_text, 'x', ORDER_REASON_TEXT_MAX);
    memset(order.erp_reference, 'y', ORDER_REFERENCE_MAX);
    assert_round_trip(&order);
}

static void
the_largest_record_has_room(void **state)
{
    static unsigned char largest[RECORD_SEALED_MAX];
    struct order order = fuller_order(), back;
    struct bytes sealed = {largest, sizeof largest};
    struct made *made;

    (void)state;
    memset(order.uniqueid, 'u', ORDER_VALUE_MAX);
    memset(order.worksheet, 'w', ORDER_VALUE_MAX);
    memset(order.product_nr, 'p', ORDER_VALUE_MAX);
    memset(order.product_amount, '9', ORDER_VALUE_MAX);
    memset(order.reason_code, 'c', sizeof order.reason_code - 1);
    memset(order.reason_text, 'x', ORDER_REASON_TEXT_MAX);
    memset(order.erp_reference, 'y', ORDER_REFERENCE_MAX);
    memset(order.erp_product, 'p', ORDER_VALUE_MAX);
    memset(order.erp_amount, '9', ORDER_VALUE_MAX);
    memset(order.written_off, 'w', ORDER_WRITE_OFF_MAX);
    memset(order.placed_by, 't', AUTHOR_TEXT_BYTES - 1);
    made = encode(&order, sealed);
    assert_int_equal(decode(made, &back, &sealed), 0);
    assert_int_equal(sealed.size, sizeof largest);
    free(made);
}

static void
one_damaged_bit_is_refused(void **state)
{
    struct order order = fuller_order(), back;
    struct made *made = encode(&order, secret);

    (void)state;
    for (size_t i = 0; i < made->record.size * 8; i++) {
        made->buffer[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_int_equal(decode(made, &back, NULL), -1);
        made->buffer[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    free(made);
}

static void
another_key_is_refused(void **state)
{
    struct order order = fuller_order(), back;
    struct made *made = encode(&order, secret);

    (void)state;
    for (size_t i = 0; i < sizeof made->key; i++) {
        made->key[i] ^= 1;
        assert_int_equal(decode(made, &back, NULL), -1);
        made->key[i] ^= 1;
    }
    assert_int_equal(record_decode_order((struct bytes){made->key, 7}, made->record, &back, NULL),
                     -1);
    free(made);
}

static void
a_short_record_is_refused(void **state)
{
    struct order order = fuller_order(), back;
    struct made *made = encode(&order, secret);
    size_t size = made->record.size;

    (void)state;
    for (made->record.size = 0; made->record.size < size; made->record.size++)
        assert_int_equal(decode(made, &back, NULL), -1);
    free(made);
}

/* Whole on disk, but no order as a queue writes it: a reader that trusts it works on for ever. */
static void
a_value_that_no_queue_writes_is_refused(void **state)
{
    struct order orders[6], back;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        orders[i] = fuller_order();
    orders[0].uniqueid[0] = '\0';
    orders[1].seq = 0;
    orders[2].seq = 1ull << 62;
    orders[3].born = 0;
    orders[4].born = 1ull << 62;
    orders[5].status = (enum order_status)(ORDER_ERROR + 1);
    for (size_t i = 0; i < 6; i++) {
        struct made *made = encode(&orders[i], secret);

        assert_int_equal(decode(made, &back, NULL), -1);
        free(made);
    }
}

/* --- history and notes --- */

static void
json_comes_back_under_its_own_key(void **state)
{
    const struct bytes key = {"time", 4}, other = {"tim", 3};
    json_t *content = json_pack("{s:i}", "at", 4711), *back;
    struct bytes record = record_encode(key, content);
    unsigned char *data = (unsigned char *)record.data;

    (void)state;
    back = record_decode(key, record);
    assert_true(json_equal(content, back));
    assert_null(record_decode(other, record));
    for (size_t i = 0; i < record.size * 8; i++) {
        data[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_null(record_decode(key, record));
        data[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    for (size_t size = 0; size < record.size; size++)
        assert_null(record_decode(key, (struct bytes){data, size}));
    free(data);
    json_decref(content);
    json_decref(back);
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
        cmocka_unit_test(the_largest_record_has_room),
        cmocka_unit_test(one_damaged_bit_is_refused),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(a_short_record_is_refused),
        cmocka_unit_test(a_value_that_no_queue_writes_is_refused),
        cmocka_unit_test(json_comes_back_under_its_own_key),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
