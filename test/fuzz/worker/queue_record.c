/* Queue records: a written record is read back, a changed one is rejected, and an order that was
 * read is written the same. */
#include "common/order/order.h"
#include "test/fuzz/fuzz.h"
#include "worker/queue/record.h"
#include "worker/salvage/format_1.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    return 0;
}

static void
as_order(const json_t *content)
{
    unsigned char buffer[RECORD_ORDER_MAX], place[QUEUE_SEQ_BYTES];
    struct order order, again;
    struct bytes record;
    json_t *shown;

    if (format_1_content(content, &order))
        return;
    REQUIRE(order.status >= ORDER_PLACED && order.status <= ORDER_ERROR);
    order.born = order.seq = order.seq ? order.seq : 1;
    record = record_encode_order(buffer, &order, (struct bytes){NULL, 0});
    REQUIRE(record_decode_order(queue_key_seq(place, order.seq), record, &again, NULL) == 0);
    REQUIRE(strcmp(order.uniqueid, again.uniqueid) == 0 && order.seq == again.seq &&
            strcmp(order.reason_text, again.reason_text) == 0 &&
            order.updated_ms == again.updated_ms && order.attempts == again.attempts &&
            order.history_length == again.history_length &&
            order.commit_sent == again.commit_sent && order_same_content(&order, &again));
    shown = order_json(&order, "W");
    REQUIRE(shown);
    json_decref(shown);
}

static void
round_trip(struct bytes key, const json_t *content, size_t flipped)
{
    struct bytes record = record_encode(key, content);
    json_t *read = record_decode(key, record);
    unsigned char *changed = mem_alloc(record.size);

    REQUIRE(read && json_equal(read, content));
    memcpy(changed, record.data, record.size);
    changed[flipped % record.size] ^= 1;
    REQUIRE(!record_decode(key, (struct bytes){changed, record.size}));
    REQUIRE(!record_decode((struct bytes){"other", 5}, record));
    as_order(read);
    json_decref(read);
    free(changed);
    free((void *)record.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    const struct bytes key = {"u-1", 3};
    json_t *content, *read = record_decode(key, (struct bytes){data, size});
    struct order order;

    (void)record_decode_order((struct bytes){"\0\0\0\0\0\0\0\1", 8}, (struct bytes){data, size},
                              &order, NULL);
    content = json_loadb((const char *)data, size, 0, NULL);
    if (content && json_is_object(content))
        round_trip(key, content, choice);
    json_decref(content);
    json_decref(read);
    return 0;
}
