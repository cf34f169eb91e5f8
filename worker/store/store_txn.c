/* Transactions and cursors behind a sticky error. */
#include <errno.h>

#include "common/base/disk.h"
#include "common/base/failpoint.h"
#include "worker/store/store_internal.h"

static MDB_val
to_val(struct bytes bytes)
{
    return (MDB_val){bytes.size, (void *)bytes.data};
}

static struct bytes
to_bytes(MDB_val val)
{
    return (struct bytes){val.mv_data, val.mv_size};
}

static void
stick(struct store_txn *txn, int error)
{
    if (!txn->error)
        txn->error = error;
}

static bool
is_disk_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* What goes away by itself, or concerns one request alone. */
static bool
is_passing(int error)
{
    return error == MDB_MAP_FULL || error == ENOMEM || error == MDB_BAD_VALSIZE;
}

/* Of the process or the machine: says nothing about the queue. */
static bool
is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN;
}

int
store_fail(struct err *err, int error, const char *what)
{
    const char *code = is_disk_full(error)     ? "disk_full"
                       : error == MDB_MAP_FULL ? "queue_full"
                       : is_shortage(error)    ? "no_resources"
                                               : "storage";

    return err_set(err, code, "%s: %s", what, mdb_strerror(error));
}

void
store_begin(struct store *store, struct store_txn *txn, bool write)
{
    MDB_txn *handle = NULL;

    *txn = (struct store_txn){.store = store, .write = write};
    txn->error = mdb_txn_begin(store->env, NULL, write ? 0 : MDB_RDONLY, &handle);
    txn->handle = handle;
}

void
store_abort(struct store_txn *txn)
{
    if (txn->handle)
        mdb_txn_abort(txn->handle);
    txn->handle = NULL;
}

/* The file's name, if it is new, and that `closed` is gone; a process that is idle costs no sync.
 */
static int
note_open(struct store *store)
{
    if (!store->noted && disk_sync_parent(store->clean))
        return errno;
    store->noted = true;
    return 0;
}

void
store_write(struct store_txn *txn)
{
    stick(txn, failpoint("store.commit"));
    stick(txn, txn->error ? 0 : note_open(txn->store));
    if (!txn->error) {
        txn->error = mdb_txn_commit(txn->handle);
        txn->handle = NULL;
        /* LMDB's word for a write that the disk took a part of only. */
        if (txn->error == EIO && disk_reserve_is_full(&txn->store->reserve))
            txn->error = ENOSPC;
    }
}

int
store_commit(struct store_txn *txn, struct err *err)
{
    store_write(txn);
    return store_end(txn, err);
}

int
store_end(struct store_txn *txn, struct err *err)
{
    store_abort(txn);
    if (!txn->error)
        return 0;
    if (is_disk_full(txn->error))
        disk_reserve_release(&txn->store->reserve); /* the next try finds room */
    else if (!is_passing(txn->error))
        soundness_note_broken(txn->store);
    return store_fail(err, txn->error,
                      txn->write ? "cannot write the queue" : "cannot read the queue");
}

bool
store_get(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes *value)
{
    MDB_val k = to_val(key), v;
    int error;

    if (txn->error)
        return false;
    error = mdb_get(txn->handle, txn->store->tables[table], &k, &v);
    if (error) {
        if (error != MDB_NOTFOUND)
            stick(txn, error);
        return false;
    }
    *value = to_bytes(v);
    return true;
}

void
store_put(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes value)
{
    MDB_val k = to_val(key), v = to_val(value);

    if (!txn->error)
        stick(txn, mdb_put(txn->handle, txn->store->tables[table], &k, &v, 0));
}

void
store_append(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes value)
{
    MDB_val k = to_val(key), v = to_val(value);
    int error;

    if (txn->error)
        return;
    error = mdb_put(txn->handle, txn->store->tables[table], &k, &v, MDB_APPEND);
    if (error == MDB_KEYEXIST) /* it is not the last one */
        store_put(txn, table, key, value);
    else
        stick(txn, error);
}

bool
store_insert(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes value,
             struct bytes *present)
{
    MDB_val k = to_val(key), v = to_val(value);
    int error;

    *present = (struct bytes){NULL, 0};
    if (txn->error)
        return false;
    error = mdb_put(txn->handle, txn->store->tables[table], &k, &v, MDB_NOOVERWRITE);
    if (error == MDB_KEYEXIST)
        *present = to_bytes(v);
    else
        stick(txn, error);
    return !error;
}

size_t
store_count(struct store_txn *txn, enum store_table table)
{
    MDB_stat stat = {.ms_entries = 0};

    if (!txn->error)
        stick(txn, mdb_stat(txn->handle, txn->store->tables[table], &stat));
    return stat.ms_entries;
}

void
store_clear(struct store_txn *txn, enum store_table table)
{
    if (!txn->error)
        stick(txn, mdb_drop(txn->handle, txn->store->tables[table], 0));
}

void
store_delete(struct store_txn *txn, enum store_table table, struct bytes key)
{
    MDB_val k = to_val(key);
    int error;

    if (txn->error)
        return;
    error = mdb_del(txn->handle, txn->store->tables[table], &k, NULL);
    if (error != MDB_NOTFOUND)
        stick(txn, error);
}

static bool
cursor_move(struct store_cursor *cursor, MDB_val *key, MDB_cursor_op operation)
{
    MDB_val value;
    int error;

    if (cursor->txn->error || !cursor->handle)
        return false;
    error = mdb_cursor_get(cursor->handle, key, &value, operation);
    if (error) {
        if (error != MDB_NOTFOUND)
            stick(cursor->txn, error);
        return false;
    }
    cursor->key = to_bytes(*key);
    cursor->value = to_bytes(value);
    return true;
}

static void
cursor_open(struct store_cursor *cursor, struct store_txn *txn, enum store_table table)
{
    MDB_cursor *handle = NULL;

    *cursor = (struct store_cursor){.txn = txn};
    if (!txn->error && txn->store->tables[table])
        stick(txn, mdb_cursor_open(txn->handle, txn->store->tables[table], &handle));
    cursor->handle = handle;
}

bool
store_seek(struct store_cursor *cursor, struct store_txn *txn, enum store_table table,
           struct bytes from)
{
    MDB_val key = to_val(from);

    cursor_open(cursor, txn, table);
    return cursor_move(cursor, &key, from.size ? MDB_SET_RANGE : MDB_FIRST);
}

bool
store_seek_before(struct store_cursor *cursor, struct store_txn *txn, enum store_table table,
                  struct bytes from)
{
    MDB_val key = to_val(from);

    cursor_open(cursor, txn, table);
    return cursor_move(cursor, &key, MDB_SET_RANGE) ? store_previous(cursor)
                                                    : cursor_move(cursor, &key, MDB_LAST);
}

bool
store_next(struct store_cursor *cursor)
{
    MDB_val key;

    return cursor_move(cursor, &key, MDB_NEXT);
}

bool
store_previous(struct store_cursor *cursor)
{
    MDB_val key;

    return cursor_move(cursor, &key, MDB_PREV);
}

void
store_cursor_close(struct store_cursor *cursor)
{
    if (cursor->handle)
        mdb_cursor_close(cursor->handle);
    cursor->handle = NULL;
}

void
store_put_u64(unsigned char *to, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        to[i] = (unsigned char)value;
}

uint64_t
store_get_u64(const unsigned char *from)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return value;
}
