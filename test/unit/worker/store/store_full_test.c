/* Where the store fails: a full map, a full disk, a truncated file, a folder that cannot be used.
 */
#include "test/unit/worker/store/place.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_second_opening_is_refused),
                                       TEST(a_folder_that_cannot_be_made_is_an_error),
                                       TEST(the_folder_is_private),
                                       TEST(a_full_map_is_told_before_and_after),
                                       TEST(a_write_that_fails_leaves_nothing),
                                       TEST(a_truncated_file_is_an_error)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
