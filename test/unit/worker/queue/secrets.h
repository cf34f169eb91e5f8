/* Orders with credentials of their own, and how many of these the queue holds. */
#ifndef TEST_UNIT_WORKER_QUEUE_SECRETS_H
#define TEST_UNIT_WORKER_QUEUE_SECRETS_H

#include "test/unit/worker/fixture.h"

#include "worker/queue/record.h"

#define USER "mechanic-of-the-test"
#define PASSWORD "geheim-0815-of-the-test"

static inline void
put_secret(struct fixture *f, const char *uniqueid)
{
    struct order order = order_of(uniqueid, "558");
    struct credentials credentials = {secret_string(USER), secret_string(PASSWORD)};

    put_answered(f->queue, &order, &credentials, QUEUE_PLACED);
    credentials_clear(&credentials);
}

/* How many sealed credentials the queue holds, read past the queue. */
static inline unsigned
sealed_count(struct fixture *f)
{
    struct store_cursor cursor;
    struct store_txn txn;
    struct store *store;
    struct err err;
    unsigned count = 0;
    bool found;

    queue_close(f->queue);
    store = store_open(f->folder, 16, &err);
    assert_non_null(store);
    store_begin(store, &txn, false);
    found = store_seek(&cursor, &txn, STORE_ORDERS, (struct bytes){NULL, 0});
    for (; found; found = store_next(&cursor)) {
        struct bytes sealed;
        struct order order;

        assert_int_equal(record_decode_order(cursor.key, cursor.value, &order, &sealed), 0);
        count += sealed.size > 0;
    }
    store_cursor_close(&cursor);
    assert_int_equal(store_end(&txn, &err), 0);
    store_close(store);
    fixture_open(f, 16);
    return count;
}

#endif
