/* The store: transactions, cursors at their borders, errors that stick, one process a folder. */
#include "test/unit/worker/fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "worker/store/store.h"

struct pinned_path {
    char folder[64];
    struct store *store;
};

static int
setup(void **state)
{
    struct pinned_path *p = calloc(1, sizeof *p);
    struct err err;

    folder_make(p->folder);
    p->store = store_open(p->folder, 1, &err);
    *state = p;
    return p->store ? 0 : -1;
}

static int
teardown(void **state)
{
    struct pinned_path *p = *state;

    store_close(p->store);
    folder_remove(p->folder);
    free(p);
    return 0;
}

static struct bytes
text(const char *of)
{
    return (struct bytes){of, strlen(of)};
}

static void
put(struct store *store, const char *key, const char *value)
{
    struct store_txn txn;
    struct err err;

    store_begin(store, &txn, true);
    store_put(&txn, STORE_META, text(key), text(value));
    assert_int_equal(store_commit(&txn, &err), 0);
}

/* Compares what the key has with value; NULL: it must not be there. */
static void
assert_has(struct store *store, const char *key, const char *value)
{
    struct store_txn txn;
    struct bytes found;
    struct err err;

    store_begin(store, &txn, false);
    assert_int_equal(store_get(&txn, STORE_META, text(key), &found), value != NULL);
    if (value) {
        assert_int_equal(found.size, strlen(value));
        assert_memory_equal(found.data, value, found.size);
    }
    assert_int_equal(store_end(&txn, &err), 0);
}

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
a_second_opening_is_refused(void **state)
{
    struct pinned_path *p = *state;
    struct err err;
    int status;
    pid_t child;

    assert_null(store_open(p->folder, 1, &err));
    assert_string_equal(err.code, "in_use");
    child = fork();
    if (child == 0)
        _exit(!store_open(p->folder, 1, &err) && strcmp(err.code, "in_use") == 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    put(p->store, "a", "1");
    store_close(p->store);
    p->store = store_open(p->folder, 1, &err);
    assert_non_null(p->store);
}

static void
a_folder_that_cannot_be_made_is_an_error(void **state)
{
    char path[96];
    struct err err;

    snprintf(path, sizeof path, "%s/no/such", ((struct pinned_path *)*state)->folder);
    assert_null(store_open(path, 1, &err));
    assert_string_equal(err.code, "storage");
}

static void
the_folder_is_private(void **state)
{
    struct pinned_path *p = *state;
    struct store *store;
    struct stat status;
    char path[96];
    struct err err;

    snprintf(path, sizeof path, "%s/queue", p->folder);
    store = store_open(path, 1, &err);
    assert_non_null(store);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    strcat(path, "/data.mdb");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    store_close(store);
}

/* Puts entries of 1,000 bytes, one a transaction. Returns how many fitted before an error or
 * `until` was true. */
static unsigned
fill(struct store *store, unsigned from, bool (*until)(struct store *), struct err *err)
{
    static char value[1000];
    struct store_txn txn;

    for (unsigned i = from;; i++) {
        char key[16];

        if (until && until(store))
            return i;
        snprintf(key, sizeof key, "%08u", i);
        store_begin(store, &txn, true);
        store_put(&txn, STORE_META, text(key), (struct bytes){value, sizeof value});
        if (store_commit(&txn, err))
            return i;
    }
}

static bool
nearly_full(struct store *store)
{
    return store_full(store) != NULL;
}

static void
a_full_map_is_told_before_and_after(void **state)
{
    struct pinned_path *p = *state;
    struct store_txn txn;
    struct err err = {.code = ""};
    unsigned near, full;

    assert_false(nearly_full(p->store));
    near = fill(p->store, 0, nearly_full, &err);
    assert_string_equal(err.code, "");
    assert_in_range(near, 500, 900);
    full = fill(p->store, near, NULL, &err);
    assert_string_equal(err.code, "queue_full");
    assert_in_range(full, near * 6, near * 12);
    assert_true(nearly_full(p->store));
    store_close(p->store);
    p->store = store_open(p->folder, 2, &err);
    assert_non_null(p->store);
    for (unsigned i = 0; i < full; i++) {
        char key[16];

        snprintf(key, sizeof key, "%08u", i);
        store_begin(p->store, &txn, true);
        store_delete(&txn, STORE_META, text(key));
        assert_int_equal(store_commit(&txn, &err), 0);
    }
    store_close(p->store);
    p->store = store_open(p->folder, 1, &err);
    assert_non_null(p->store);
    assert_false(nearly_full(p->store));
}

/* No room on the disk, played by a limit on the size of files. */
static void
a_write_that_fails_leaves_nothing(void **state)
{
    struct pinned_path *p = *state;
    struct rlimit limit, small;
    struct store_txn txn;
    struct err err;
    int result;

    put(p->store, "a", "1");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    store_begin(p->store, &txn, true);
    store_put(&txn, STORE_META, text("a"), text("2"));
    result = store_commit(&txn, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_equal(result, -1);
    assert_string_equal(err.code, "disk_full");
    assert_false(store_broken(p->store));
    assert_has(p->store, "a", "1");
    put(p->store, "a", "3");
    assert_has(p->store, "a", "3");
}

/* Reading behind the end of a mapped file kills; an error must come instead. */
static void
open_truncated(const char *folder, off_t size)
{
    char path[96];
    struct store *store;
    struct store_txn txn;
    struct bytes found;
    struct err err;

    snprintf(path, sizeof path, "%s/data.mdb", folder);
    if (truncate(path, size))
        _exit(2);
    store = store_open(folder, 1, &err);
    if (!store)
        _exit(strcmp(err.code, "storage") != 0);
    for (unsigned i = 0; i < 100; i++) {
        char key[16];

        snprintf(key, sizeof key, "%08u", i);
        store_begin(store, &txn, false);
        if (!store_get(&txn, STORE_META, text(key), &found) && !txn.error)
            _exit(3); /* it was there */
        store_abort(&txn);
    }
    _exit(0);
}

static void
a_truncated_file_is_an_error(void **state)
{
    struct pinned_path *p = *state;
    char path[96];
    struct stat whole;
    struct err err;

    fill(p->store, 0, nearly_full, &err);
    store_close(p->store);
    p->store = NULL;
    snprintf(path, sizeof path, "%s/data.mdb", p->folder);
    assert_int_equal(stat(path, &whole), 0);
    for (off_t size = whole.st_size - 4096; size > 0; size -= 8 * 4096) {
        pid_t child = fork();
        int status;

        if (child == 0)
            open_truncated(p->folder, size);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
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
    const struct CMUnitTest tests[] = {
        TEST(commit_keeps_and_abort_forgets),
        TEST(delete_of_nothing_is_no_error),
        TEST(tables_are_apart),
        TEST(seeks_stop_at_the_borders),
        TEST(cursors_walk_both_ways_and_end),
        TEST(an_error_sticks),
        TEST(a_second_opening_is_refused),
        TEST(a_folder_that_cannot_be_made_is_an_error),
        TEST(the_folder_is_private),
        TEST(a_full_map_is_told_before_and_after),
        TEST(a_write_that_fails_leaves_nothing),
        TEST(a_truncated_file_is_an_error),
        cmocka_unit_test(numbers_sort_as_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
