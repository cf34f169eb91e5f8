/* The data file: made, opened, copied, closed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/disk.h"
#include "common/base/failpoint.h"
#include "worker/store/folder.h"
#include "worker/store/store_internal.h"

#define FULL_PERCENT 80
#define RESERVE 8 /* an order grows by its history: about fivefold in three attempts */

static const char *const names_1[STORE_TABLES_MAX] = {[STORE_META] = "meta",
                                                      [STORE_ORDERS] = "orders",
                                                      [STORE_HISTORY] = "history",
                                                      [STORE_CREDENTIALS] = "credentials",
                                                      [STORE_REFERENCES] = "references"};
/* Of format 2 some are missing. */
static const char *const names_2[STORE_TABLES_MAX] = {[STORE_META] = "meta",
                                                      [STORE_ORDERS] = "orders",
                                                      [STORE_IDS] = "ids",
                                                      [STORE_PLACED] = "placed",
                                                      [STORE_PROCESSING] = "processing",
                                                      [STORE_CREATED] = "created",
                                                      [STORE_ERROR] = "error",
                                                      [STORE_WORKSHEET] = "worksheet",
                                                      [STORE_DUE] = "due",
                                                      [STORE_HISTORY] = "history",
                                                      [STORE_REFERENCES] = "references",
                                                      [STORE_ATTENTION] = "attention",
                                                      [STORE_REASONS] = "reasons",
                                                      [STORE_BLOCKS] = "blocks",
                                                      [STORE_CALLBACKS] = "callbacks"};

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

/* flags: MDB_CREATE or 0, where a table that is missing stays so. */
static int
open_tables(MDB_env *env, const char *const names[STORE_TABLES_MAX], unsigned flags,
            MDB_dbi tables[STORE_TABLES_MAX])
{
    MDB_txn *txn;
    int error = mdb_txn_begin(env, NULL, flags ? 0 : MDB_RDONLY, &txn);

    if (error)
        return error;
    for (int i = 0; !error && i < STORE_TABLES_MAX; i++) {
        error = names[i] ? mdb_dbi_open(txn, names[i], flags, &tables[i]) : 0;
        if (error == MDB_NOTFOUND)
            error = 0;
    }
    if (!error)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

/* Nothing is made in a file of another format. */
static int
check_format(MDB_env *env, unsigned format)
{
    MDB_val name = {strlen(STORE_FORMAT_NAME), STORE_FORMAT_NAME}, value;
    MDB_txn *txn;
    MDB_dbi main;
    int error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

    if (error)
        return error;
    error = mdb_dbi_open(txn, NULL, 0, &main);
    if (!error)
        error = mdb_get(txn, main, &name, &value);
    if (!error && format > 1 && (value.mv_size != 8 || store_get_u64(value.mv_data) != format))
        error = MDB_VERSION_MISMATCH;
    mdb_txn_abort(txn);
    return error;
}

static int
put_format(MDB_env *env)
{
    MDB_val name = {strlen(STORE_FORMAT_NAME), STORE_FORMAT_NAME}, value;
    unsigned char number[8];
    MDB_txn *txn;
    MDB_dbi main;
    int error = mdb_txn_begin(env, NULL, 0, &txn);

    if (error)
        return error;
    store_put_u64(number, STORE_FORMAT);
    value = (MDB_val){sizeof number, number};
    error = mdb_dbi_open(txn, NULL, 0, &main);
    if (!error)
        error = mdb_put(txn, main, &name, &value, 0);
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
    MDB_dbi tables[STORE_TABLES_MAX];
    MDB_env *env = NULL;
    int error, result = 0;

    unlink(fresh);
    error = mdb_env_create(&env);
    if (!error)
        error = mdb_env_set_maxdbs(env, STORE_TABLES_MAX);
    if (!error)
        error = mdb_env_open(env, fresh, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    failpoint_here("store.new");
    if (!error)
        error = put_format(env);
    if (!error)
        error = open_tables(env, names_2, MDB_CREATE, tables);
    if (env)
        mdb_env_close(env);
    failpoint_here("store.made");
    if (error)
        result = store_fail(err, error, "cannot create a new queue");
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
open_environment(struct store *store, const char *folder, unsigned format, struct err *err)
{
    const char *const *names = format == 1 ? names_1 : names_2;
    int error = mdb_env_create(&store->env);

    if (!error)
        error = mdb_env_set_maxdbs(store->env, STORE_TABLES_MAX);
    if (!error)
        error = mdb_env_set_mapsize(store->env, RESERVE * store->map_bytes);
    if (!error)
        error = mdb_env_open(store->env, folder, 0, 0600);
    if (error)
        return store_fail(err, error, "cannot open the queue");
    if (mend_length(store, err))
        return -1;
    error = check_format(store->env, format);
    if (!error)
        error =
            open_tables(store->env, names, format == STORE_FORMAT ? MDB_CREATE : 0, store->tables);
    return error ? store_fail(err, error, "cannot open the queue's tables") : 0;
}

static struct store *
store_new(const char *folder, unsigned map_mib)
{
    struct store *store = mem_alloc(sizeof *store);

    store->map_bytes = (size_t)map_mib << 20;
    store->lock_fd = -1;
    store->clean = mem_format("%s/clean", folder);
    store->unchecked = mem_format("%s/unchecked", folder);
    disk_reserve_open(&store->reserve, folder);
    return store;
}

struct store *
store_open_locked(const char *folder, unsigned map_mib, unsigned format, struct err *err)
{
    struct store *store = store_new(folder, map_mib);
    char *data = mem_format("%s/data.mdb", folder);
    bool there = access(data, F_OK) == 0;

    if ((there || make_file(folder, data, err) == 0) &&
        open_environment(store, folder, format, err) == 0) {
        free(data);
        return store;
    }
    free(data);
    store->broken = true;
    store_close(store);
    return NULL;
}

/* A damaged page can make LMDB die while it opens the file, or never come back. */
static struct store *
open_noted(const char *folder, unsigned map_mib, bool unsure, struct err *err)
{
    char *clean = mem_format("%s/clean", folder), *unchecked = mem_format("%s/unchecked", folder);
    struct store *store;

    soundness_keep_earlier_out(folder);
    unlink(clean);
    if (unsure)
        soundness_count_opening(unchecked);
    soundness_watch(unchecked);
    store = store_open_locked(folder, map_mib, STORE_FORMAT, err);
    soundness_unwatch(unchecked);
    free(clean);
    free(unchecked);
    return store;
}

struct store *
store_open(const char *folder, unsigned map_mib, struct err *err)
{
    int lock_fd = store_lock(folder, err);
    char *data = mem_format("%s/data.mdb", folder);
    bool unsure = access(data, F_OK) == 0 && !store_was_closed(folder);
    struct store *store = lock_fd < 0 ? NULL : open_noted(folder, map_mib, unsure, err);

    free(data);
    if (store) {
        store->lock_fd = lock_fd;
        store->unsure = unsure;
        soundness_watch(store->unchecked);
    } else if (lock_fd >= 0) {
        soundness_note_failure(folder, err);
        close(lock_fd);
    }
    return store;
}

bool
store_broken(const struct store *store)
{
    return store->broken;
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
    return store_fail(err, error, "cannot copy the queue");
}

void
store_close(struct store *store)
{
    if (!store)
        return;
    soundness_unwatch(store->unchecked);
    if (store->env)
        mdb_env_close(store->env);
    if (store->lock_fd >= 0)
        soundness_mark_closed(store);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->clean);
    free(store->unchecked);
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
