/* The queue at its limits: a full map, the retention, and damage on the disk. */
#include "test/unit/worker/fixture.h"

#include "common/base/clock.h"
#include "worker/queue/record.h"

#define DAY_MS 86400000LL

/* Puts orders until one is refused. Returns how many were placed. */
static unsigned
put_until_refused(struct queue *queue, unsigned from)
{
    for (unsigned i = from;; i++) {
        struct order order;
        struct queue_put put = {.order = &order};
        char id[16];

        assert_in_range(i, 0, 20000);
        snprintf(id, sizeof id, "u-%05u", i);
        order = order_of(id, id);
        queue_put(queue, &put, 1);
        if (put.answer == QUEUE_PLACED)
            continue;
        assert_int_equal(put.answer, QUEUE_REFUSED);
        assert_string_equal(put.err.code, "queue_full");
        return i - from;
    }
}

static unsigned
deliver_all(struct queue *queue)
{
    struct queue_task task;
    struct err err;
    unsigned count = 0;
    int taken;

    while ((taken = queue_take(queue, INT64_MAX, &task, 1, &err)) == 1) {
        strcpy(task.order.erp_reference, task.order.uniqueid);
        finish(queue, &task.order, ORDER_CREATED, "");
        count++;
    }
    if (taken < 0)
        fail_msg("after %u: %s: %s", count, err.code, err.text);
    return count;
}

static unsigned
expire_all(struct queue *queue)
{
    struct err err;
    unsigned count = 0;
    int expired;

    for (int64_t day = 1; queue_count(queue, ORDER_CREATED) && day < 1000; day++) {
        while ((expired = queue_expire(queue, INT64_MAX, 50, &err)) > 0)
            count += (unsigned)expired;
        assert_int_equal(expired, 0);
        queue_trusted_ms(queue, clock_wall_ms() + day * DAY_MS, day * DAY_MS);
    }
    return count;
}

static void
a_full_queue_takes_no_order_but_ends_all(void **state)
{
    struct fixture *f = *state;
    struct order known = order_of("u-00000", "u-00000");
    unsigned placed;

    queue_close(f->queue);
    folder_remove(f->folder);
    fixture_open(f, 1);
    placed = put_until_refused(f->queue, 0);
    assert_true(placed > 100);
    put_answered(f->queue, &known, NULL, QUEUE_DUPLICATE);
    assert_int_equal(queue_length(f->queue), placed);
    assert_int_equal(deliver_all(f->queue), placed);
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), placed);
    assert_int_equal(expire_all(f->queue), placed);
    assert_int_equal(queue_count(f->queue, 0), 0);
    assert_in_range(put_until_refused(f->queue, placed), placed / 2, placed * 2);
}
/* Each attempt writes its lines of history. */
static void
a_full_queue_leaves_room_for_attempts(void **state)
{
    struct fixture *f = *state;
    unsigned placed;

    queue_close(f->queue);
    folder_remove(f->folder);
    fixture_open(f, 1);
    placed = put_until_refused(f->queue, 0);
    for (unsigned i = 0; i < 2 * placed; i++) {
        struct queue_task task = {.order = {.seq = 0}};
        struct err err;

        assert_int_equal(queue_take(f->queue, INT64_MAX, &task, 1, &err), 1);
        task.order.next_attempt_ms = 1000 + i;
        finish(f->queue, &task.order, ORDER_PLACED, "erp_unreachable");
    }
    assert_int_equal(get(f->queue, "u-00000").attempts, 2);
    assert_int_equal(deliver_all(f->queue), placed);
}

static void
expiry_spares_what_is_open_or_young(void **state)
{
    struct fixture *f = *state;
    json_t *history = NULL;
    struct order again;
    struct err err;
    int64_t last;

    put_created(f->queue, "u-1", "558");
    put_created(f->queue, "u-2", "558");
    put_new(f->queue, "u-3", "558");
    last = get(f->queue, "u-2").updated_ms;
    assert_int_equal(queue_expire(f->queue, get(f->queue, "u-1").updated_ms, 10, &err), 0);
    assert_int_equal(queue_expire(f->queue, last + 1, 1, &err), 1);
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), 1);
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 10, &err), 1);
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 10, &err), 0);
    assert_int_equal(queue_get(f->queue, "u-1", &again, &err), 0);
    assert_int_equal(queue_history(f->queue, "u-1", &history, &err), 0);
    json_decref(history);
    assert_int_equal(queue_count(f->queue, 0), 1);
    put_new(f->queue, "u-1", "558");
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), 1);
    json_decref(history);
    take(f->queue, 0, "u-3");
}

/* --- damage --- */

/* Changes a record past the queue: `change` gets a copy of it. */
static void
damage(struct fixture *f, const char *uniqueid, void (*change)(unsigned char *record, size_t size))
{
    struct bytes key, record;
    struct store_txn txn;
    struct store *store;
    unsigned char *copy, seq[QUEUE_SEQ_BYTES];
    struct err err;

    queue_close(f->queue);
    f->queue = NULL;
    store = store_open(f->folder, 16, &err);
    assert_non_null(store);
    store_begin(store, &txn, true);
    assert_true(store_get(&txn, STORE_IDS, queue_key_text(uniqueid), &key));
    assert_int_equal(key.size, sizeof seq);
    memcpy(seq, key.data, key.size);
    key.data = seq;
    assert_true(store_get(&txn, STORE_ORDERS, key, &record));
    copy = malloc(record.size);
    memcpy(copy, record.data, record.size);
    change(copy, record.size);
    store_put(&txn, STORE_ORDERS, key, (struct bytes){copy, record.size});
    assert_int_equal(store_commit(&txn, &err), 0);
    free(copy);
    store_close(store);
}

static void
flip_one_bit(unsigned char *record, size_t size)
{
    record[size / 2] ^= 1;
}

/* The amount is 5: an order has 9. */
static void
another_amount(unsigned char *record, size_t size)
{
    unsigned char *at = memmem(record, size, "\0\0015", 3);

    assert_non_null(at);
    at[2] = '9';
}

static void
zeros(unsigned char *record, size_t size)
{
    memset(record, 0, size);
}

static void
assert_storage_error(int result, const struct err *err)
{
    assert_int_equal(result, -1);
    assert_string_equal(err->code, "storage");
}

static void
see_nothing(const struct order *order, void *arg)
{
    (void)arg;
    fail_msg("%s is listed", order->uniqueid);
}

static void
assert_no_order_is_invented(struct fixture *f)
{
    struct queue_page page = {.limit = 10, .each = see_nothing};
    struct order order = order_of("u-1", "558");
    json_t *history = NULL;
    struct queue_task task;
    struct err err = {.code = ""};

    assert_storage_error(queue_get(f->queue, "u-1", &order, &err), &err);
    assert_storage_error(queue_page(f->queue, &page, &err), &err);
    assert_storage_error(queue_history(f->queue, "u-1", &history, &err), &err);
    assert_storage_error(queue_take(f->queue, 0, &task, 1, &err), &err);
    order = order_of("u-1", "558");
    put_answered(f->queue, &order, NULL, QUEUE_REFUSED);
    assert_int_equal(queue_count(f->queue, ORDER_PLACED), 1);
    put_new(f->queue, "u-2", "559");
    assert_int_equal(get(f->queue, "u-2").status, ORDER_PLACED);
}

static void
a_damaged_record_is_an_error(void **state)
{
    static void (*const changes[])(unsigned char *, size_t) = {flip_one_bit, another_amount, zeros};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        put_new(f->queue, "u-1", "558");
        damage(f, "u-1", changes[i]);
        fixture_open(f, 16);
        assert_no_order_is_invented(f);
        queue_close(f->queue);
        folder_remove(f->folder);
        fixture_open(f, 16);
    }
}

static unsigned char another[4096];
static size_t another_size;

static void
keep_copy(unsigned char *record, size_t size)
{
    memcpy(another, record, size);
    another_size = size;
}

static void
paste_copy(unsigned char *record, size_t size)
{
    assert_int_equal(size, another_size);
    memcpy(record, another, size);
}

static void
a_record_of_another_order_is_an_error(void **state)
{
    struct fixture *f = *state;

    put_new(f->queue, "u-9", "558");
    damage(f, "u-9", keep_copy);
    folder_remove(f->folder);
    fixture_open(f, 16);
    put_new(f->queue, "u-1", "558");
    damage(f, "u-1", paste_copy);
    fixture_open(f, 16);
    assert_no_order_is_invented(f);
}

/* Damage of the file itself, wherever it hits: every order is what it was, or an error. */
static void
a_damaged_file_invents_nothing(void **state)
{
    struct fixture *f = *state;
    char path[96];
    size_t length;
    char *content;
    int fd;

    for (unsigned i = 0; i < 20; i++) {
        char id[16];

        snprintf(id, sizeof id, "u-%02u", i);
        put_new(f->queue, id, "558");
    }
    queue_close(f->queue);
    f->queue = NULL;
    strcpy(path, data_path(f));
    content = file_content(path, &length);
    for (char *at = content; (at = memmem(at, length - (size_t)(at - content), "\0\0015", 3));)
        at[2] = '9';
    fd = open(path, O_WRONLY);
    assert_int_equal(write(fd, content, length), length);
    close(fd);
    free(content);
    fixture_open(f, 16);
    for (unsigned i = 0; i < 20; i++) {
        struct order order;
        struct err err;
        char id[16];

        snprintf(id, sizeof id, "u-%02u", i);
        assert_storage_error(queue_get(f->queue, id, &order, &err), &err);
    }
}

static void
a_damaged_order_in_process_stops_the_opening(void **state)
{
    struct fixture *f = *state;
    struct err err;

    put_new(f->queue, "u-1", "558");
    take(f->queue, 0, "u-1");
    damage(f, "u-1", flip_one_bit);
    f->queue = queue_open(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err);
    assert_null(f->queue);
    assert_string_equal(err.code, "storage");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_queue_takes_no_order_but_ends_all),
        TEST(a_full_queue_leaves_room_for_attempts),
        TEST(expiry_spares_what_is_open_or_young),
        TEST(a_damaged_record_is_an_error),
        TEST(a_record_of_another_order_is_an_error),
        TEST(a_damaged_file_invents_nothing),
        TEST(a_damaged_order_in_process_stops_the_opening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
