/* LMDB behind a sticky error. */
#include "worker/queue/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/disk.h"
#include "common/base/failpoint.h"
#include "worker/queue/disk_reserve.h"
#include "worker/queue/folder.h"

#define FULL_PERCENT 80
#define RESERVE 4 /* an order grows by its history: about fourfold in three attempts */

struct store {
    MDB_env *env;
    MDB_dbi tables[STORE_TABLES];
    size_t map_bytes;
    int lock_fd;
    char *closed; /* the file that says that it was closed */
    struct disk_reserve reserve;
    bool broken;
};

static const char *const table_names[] = {[STORE_META] = "meta",
                                          [STORE_ORDERS] = "orders",
                                          [STORE_STATUS] = "status",
                                          [STORE_WORKSHEET] = "worksheet",
                                          [STORE_DUE] = "due",
                                          [STORE_HISTORY] = "history",
                                          [STORE_CREDENTIALS] = "credentials",
                                          [STORE_REFERENCES] = "references"};

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

static int
fail(struct err *err, int error, const char *what)
{
    const char *code = is_disk_full(error)     ? "disk_full"
                       : error == MDB_MAP_FULL ? "queue_full"
                       : is_shortage(error)    ? "no_resources"
                                               : "storage";

    return err_set(err, code, "%s: %s", what, mdb_strerror(error));
}

/* A second process on one queue would deliver every order twice. The lock goes with its holder. */
int
store_lock(const char *folder, struct err *err)
{
    char *path = mem_format("%s/worker.lock", folder), *shown = folder_shown(folder);
    int fd = -1;

    if (disk_make_folder(folder, 0700, err))
        fd = -1;
    else if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
        err_errno(err, "storage", "cannot lock %s", shown);
    else if (flock(fd, LOCK_EX | LOCK_NB)) {
        err_set(err, "in_use", "another process uses the queue in %s", shown);
        close(fd);
        fd = -1;
    }
    free(shown);
    free(path);
    return fd;
}

static int
open_tables(MDB_env *env, MDB_dbi tables[STORE_TABLES])
{
    MDB_txn *txn;
    int error = mdb_txn_begin(env, NULL, 0, &txn);

    if (error)
        return error;
    for (int i = 0; !error && i < STORE_TABLES; i++)
        error = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &tables[i]);
    if (!error)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

/* LMDB makes its file in several steps: a process that is killed meanwhile leaves half of it. So a
 * new one comes into being under another name, and is there whole or not at all. */
static int
make_file(const char *folder, const char *data, struct err *err)
{
    char *fresh = mem_format("%s/data.new", folder);
    MDB_dbi tables[STORE_TABLES];
    MDB_env *env = NULL;
    int error, result = 0;

    unlink(fresh);
    error = mdb_env_create(&env);
    if (!error)
        error = mdb_env_set_maxdbs(env, STORE_TABLES);
    if (!error)
        error = mdb_env_open(env, fresh, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    failpoint_here("store.new");
    if (!error)
        error = open_tables(env, tables);
    if (env)
        mdb_env_close(env);
    failpoint_here("store.made");
    if (error)
        result = fail(err, error, "cannot create a new queue");
    else if (rename(fresh, data) || disk_sync_parent(data))
        result = err_errno(err, "storage", "cannot rename a new queue");
    free(fresh);
    return result;
}

/* Reading behind the end of a mapped file kills the process. A file that was cut is made as long as
 * it says it is: what it lost reads as zeros, which LMDB and the records' checksums refuse. Pages
 * at the end that were never used may be missing from a sound file too. */
static int
mend_length(struct store *store, struct err *err)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    off_t length;
    int fd;

    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &stat);
    mdb_env_get_fd(store->env, &fd);
    length = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
    if (fstat(fd, &file) || (file.st_size < length && ftruncate(fd, length)))
        return err_errno(err, "storage", "cannot extend the truncated queue file");
    return 0;
}

static int
open_environment(struct store *store, const char *folder, struct err *err)
{
    int error = mdb_env_create(&store->env);

    if (!error)
        error = mdb_env_set_maxdbs(store->env, STORE_TABLES);
    if (!error)
        error = mdb_env_set_mapsize(store->env, RESERVE * store->map_bytes);
    if (!error)
        error = mdb_env_open(store->env, folder, 0, 0600);
    if (error)
        return fail(err, error, "cannot open the queue");
    if (mend_length(store, err))
        return -1;
    error = open_tables(store->env, store->tables);
    return error ? fail(err, error, "cannot open the queue's tables") : 0;
}

struct store *
store_open_locked(const char *folder, unsigned map_mib, struct err *err)
{
    struct store *store = mem_alloc(sizeof *store);
    char *data = mem_format("%s/data.mdb", folder);
    bool there = access(data, F_OK) == 0;

    store->map_bytes = (size_t)map_mib << 20;
    store->lock_fd = -1;
    store->closed = mem_format("%s/closed", folder);
    disk_reserve_open(&store->reserve, folder);
    if ((there || make_file(folder, data, err) == 0) && open_environment(store, folder, err) == 0) {
        free(data);
        return store;
    }
    free(data);
    store->broken = true;
    store_close(store);
    return NULL;
}

struct store *
store_open(const char *folder, unsigned map_mib, struct err *err)
{
    int lock_fd = store_lock(folder, err);
    struct store *store = lock_fd < 0 ? NULL : store_open_locked(folder, map_mib, err);

    if (store) {
        store->lock_fd = lock_fd;
        unlink(store->closed);
        disk_sync_parent(store->closed); /* a new file's name; an order may follow at once */
    } else if (lock_fd >= 0) {
        close(lock_fd);
    }
    return store;
}

bool
store_was_closed(const char *folder)
{
    char *path = mem_format("%s/closed", folder);
    bool closed = access(path, F_OK) == 0;

    free(path);
    return closed;
}

bool
store_broken(const struct store *store)
{
    return store->broken;
}

static void
mark_closed(const struct store *store)
{
    int fd =
        store->broken ? -1 : open(store->closed, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0)
        close(fd);
}

int
store_copy(struct store *store, const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), error;

    if (fd < 0)
        return err_errno(err, "storage", "cannot create the copy of the queue");
    error = mdb_env_copyfd(store->env, fd);
    if (!error && fsync(fd))
        error = errno;
    close(fd);
    if (!error)
        return 0;
    unlink(path);
    return fail(err, error, "cannot copy the queue");
}

void
store_close(struct store *store)
{
    if (!store)
        return;
    if (store->env) {
        mdb_env_close(store->env);
        mark_closed(store);
    }
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->closed);
    disk_reserve_close(&store->reserve);
    free(store);
}

/* Pages on the free list are taken before the file grows. */
static size_t
free_pages(struct store *store)
{
    size_t pages = 0;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;

    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn))
        return 0;
    if (mdb_cursor_open(txn, 0, &cursor) == 0) {
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
            pages += *(size_t *)value.mv_data;
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return pages;
}

static bool
map_nearly_full(struct store *store)
{
    size_t limit = store->map_bytes / 100 * FULL_PERCENT, used;
    MDB_envinfo info;
    MDB_stat stat;

    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &stat);
    used = (info.me_last_pgno + 1) * stat.ms_psize;
    return used > limit && used - free_pages(store) * stat.ms_psize > limit;
}

const char *
store_full(struct store *store)
{
    if (disk_reserve_low(&store->reserve))
        return "disk_full";
    return map_nearly_full(store) ? "queue_full" : NULL;
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

int
store_commit(struct store_txn *txn, struct err *err)
{
    stick(txn, failpoint("store.commit"));
    if (!txn->error) {
        txn->error = mdb_txn_commit(txn->handle);
        txn->handle = NULL;
        /* LMDB's word for a write that the disk took a part of only. */
        if (txn->error == EIO && disk_reserve_is_full(&txn->store->reserve))
            txn->error = ENOSPC;
    }
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
        txn->store->broken = true;
    return fail(err, txn->error, txn->write ? "cannot write the queue" : "cannot read the queue");
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
    if (!txn->error)
        stick(txn, mdb_cursor_open(txn->handle, txn->store->tables[table], &handle));
    cursor->handle = handle;
}

bool
store_seek(struct store_cursor *cursor, struct store_txn *txn, enum store_table table,
           struct bytes from)
{
    MDB_val key = to_val(from);

    cursor_open(cursor, txn, table);
    return cursor_move(cursor, &key, MDB_SET_RANGE);
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
