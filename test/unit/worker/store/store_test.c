/* The store: transactions, cursors at their borders, errors that stick. */
#include "test/unit/worker/store/place.h"

static void
commit_keeps_and_abort_forgets(void **state)
{
    struct pinned_path *p = *state;
    struct store_txn txn;
    struct err err;

    put(p->store, "a", "1");
    store_begin(p->store, &txn, true);
    store_put(&txn, STORE_META, text("a"), text("2"));
    store_put(&txn, STORE_META, text("b"), text("2"));
    store_abort(&txn);
    assert_has(p->store, "a", "1");
    assert_has(p->store, "b", NULL);
    store_close(p->store);
    p->store = store_open(p->folder, 1, &err);
    assert_non_null(p->store);
    assert_has(p->store, "a", "1");
}

static void
delete_of_nothing_is_no_error(void **state)
{
    struct pinned_path *p = *state;
    struct store_txn txn;
    struct err err;

    put(p->store, "a", "1");
    store_begin(p->store, &txn, true);
    store_delete(&txn, STORE_META, text("b"));
    store_delete(&txn, STORE_META, text("a"));
    assert_int_equal(store_commit(&txn, &err), 0);
    assert_has(p->store, "a", NULL);
}

static void
tables_are_apart(void **state)
{
    struct pinned_path *p = *state;
    struct store_txn txn;
    struct bytes found;

    put(p->store, "a", "1");
    store_begin(p->store, &txn, false);
    for (int table = STORE_META + 1; table < STORE_TABLES; table++)
        assert_false(store_get(&txn, (enum store_table)table, text("a"), &found));
    assert_true(store_get(&txn, STORE_META, text("a"), &found));
    store_abort(&txn);
}

/* Seeks or seeks before, and expects that key; NULL: there is none. */
static void
assert_seek(struct store_txn *txn, bool before, const char *from, const char *key)
{
    struct store_cursor cursor;
    bool found = before ? store_seek_before(&cursor, txn, STORE_META, text(from))
                        : store_seek(&cursor, txn, STORE_META, text(from));

    assert_int_equal(found, key != NULL);
    if (key) {
        assert_int_equal(cursor.key.size, strlen(key));
        assert_memory_equal(cursor.key.data, key, cursor.key.size);
    }
    store_cursor_close(&cursor);
}

static void
seeks_stop_at_the_borders(void **state)
{
    struct pinned_path *p = *state;
    struct store_txn txn;
    struct err err;

    store_begin(p->store, &txn, false);
    assert_seek(&txn, false, "a", NULL);
    assert_seek(&txn, true, "z", NULL);
    assert_int_equal(store_end(&txn, &err), 0);
    put(p->store, "b", "1");
    put(p->store, "d", "2");
    store_begin(p->store, &txn, false);
    assert_seek(&txn, false, "a", "b");
    assert_seek(&txn, false, "b", "b");
    assert_seek(&txn, false, "c", "d");
    assert_seek(&txn, false, "e", NULL);
    assert_seek(&txn, true, "a", NULL);
    assert_seek(&txn, true, "b", NULL);
    assert_seek(&txn, true, "c", "b");
    assert_seek(&txn, true, "d", "b");
    assert_seek(&txn, true, "e", "d");
    assert_int_equal(store_end(&txn, &err), 0);
}

static void
cursors_walk_both_ways_and_end(void **state)
{
    struct pinned_path *p = *state;
    struct store_cursor cursor;
    struct store_txn txn;
    struct err err;

    put(p->store, "a", "1");
    put(p->store, "b", "2");
    store_begin(p->store, &txn, false);
    assert_true(store_seek(&cursor, &txn, STORE_META, text("a")));
    assert_true(store_next(&cursor));
    assert_memory_equal(cursor.value.data, "2", 1);
    assert_false(store_next(&cursor));
    store_cursor_close(&cursor);
    assert_true(store_seek_before(&cursor, &txn, STORE_META, text("z")));
    assert_true(store_previous(&cursor));
    assert_memory_equal(cursor.value.data, "1", 1);
    assert_false(store_previous(&cursor));
    store_cursor_close(&cursor);
    assert_int_equal(store_end(&txn, &err), 0);
}

static void
an_error_sticks(void **state)
{
    struct pinned_path *p = *state;
    struct store_cursor cursor;
    struct bytes found;
    struct store_txn txn;
    struct err err;

    store_begin(p->store, &txn, true);
    store_put(&txn, STORE_META, text("a"), text("1"));
    store_put(&txn, STORE_META, text(""), text("a key without bytes"));
    store_put(&txn, STORE_META, text("b"), text("2"));
    assert_false(store_get(&txn, STORE_META, text("a"), &found));
    assert_false(store_seek(&cursor, &txn, STORE_META, text("a")));
    store_cursor_close(&cursor);
    assert_int_equal(store_commit(&txn, &err), -1);
    assert_string_equal(err.code, "storage");
    assert_has(p->store, "a", NULL);
    assert_has(p->store, "b", NULL);
}

static void
numbers_sort_as_bytes(void **state)
{
    static const uint64_t numbers[] = {0, 1, 255, 256, 1ull << 32, UINT64_MAX};
    unsigned char last[8], now[8];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        store_put_u64(now, numbers[i]);
        assert_true(store_get_u64(now) == numbers[i]);
        if (i)
            assert_true(memcmp(last, now, sizeof now) < 0);
        memcpy(last, now, sizeof now);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(commit_keeps_and_abort_forgets),
                                       TEST(delete_of_nothing_is_no_error),
                                       TEST(tables_are_apart),
                                       TEST(seeks_stop_at_the_borders),
                                       TEST(cursors_walk_both_ways_and_end),
                                       TEST(an_error_sticks),
                                       cmocka_unit_test(numbers_sort_as_bytes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
