/* A store in a folder of its own. */
#ifndef TEST_UNIT_WORKER_STORE_PLACE_H
#define TEST_UNIT_WORKER_STORE_PLACE_H

#include "test/unit/worker/fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "worker/store/store.h"

struct pinned_path {
    char folder[64];
    struct store *store;
};

static inline int
setup(void **state)
{
    struct pinned_path *p = calloc(1, sizeof *p);
    struct err err;

    folder_make(p->folder);
    p->store = store_open(p->folder, 1, &err);
    *state = p;
    return p->store ? 0 : -1;
}

static inline int
teardown(void **state)
{
    struct pinned_path *p = *state;

    store_close(p->store);
    folder_remove(p->folder);
    free(p);
    return 0;
}

static inline struct bytes
text(const char *of)
{
    return (struct bytes){of, strlen(of)};
}

static inline void
put(struct store *store, const char *key, const char *value)
{
    struct store_txn txn;
    struct err err;

    store_begin(store, &txn, true);
    store_put(&txn, STORE_META, text(key), text(value));
    assert_int_equal(store_commit(&txn, &err), 0);
}

/* Compares what the key has with value; NULL: it must not be there. */
static inline void
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

#endif
