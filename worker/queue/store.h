/* Tables on disk with transactions: the only place that knows LMDB.
 *
 * Errors are sticky: begin, get, put …, commit, and one check at the end. A read transaction is
 * short-lived: nothing waits for the network inside one. Values that a get or a cursor returns are
 * valid until the next write or the end of the transaction. */
#ifndef WORKER_QUEUE_STORE_H
#define WORKER_QUEUE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum store_table {
    STORE_META,      /* name → value */
    STORE_ORDERS,    /* uniqueid → record */
    STORE_STATUS,    /* status (1 byte; 0: all), seq (8, big-endian) → uniqueid */
    STORE_WORKSHEET, /* worksheet, NUL, seq → uniqueid; orders that wait or are processed */
    STORE_DUE, /* due time in ms (8), seq → uniqueid; the first of each worksheet where it waits */
    STORE_HISTORY,     /* uniqueid, NUL, number (4) → record */
    STORE_CREDENTIALS, /* uniqueid → sealed */
    STORE_REFERENCES,  /* the ERP's reference, NUL, seq → uniqueid; created orders */
    STORE_TABLES
};

struct bytes {
    const void *data;
    size_t size;
};

struct store;

/* One at a time in a process. */
struct store_txn {
    struct store *store;
    void *handle;
    int error; /* 0, an errno or an MDB_ code; sticky */
    bool write;
};

/* folder: made 0700 where it is missing, and locked against a second process. map_mib: the size
 * that orders are taken up to; what is in it can grow to four times as much, so that it can be
 * brought to its end. */
struct store *store_open(const char *folder, unsigned map_mib, struct err *err);

/* The same where the caller holds the folder's lock, which it keeps. */
struct store *store_open_locked(const char *folder, unsigned map_mib, struct err *err);

/* Makes the folder where it is missing and locks it: a descriptor to close, or -1 with the code
 * "in_use". */
int store_lock(const char *folder, struct err *err);
void store_close(struct store *store);

/* Whether the last process that had it open closed it; where it did not, its file deserves a look.
 */
bool store_was_closed(const char *folder);

/* True once the disk has refused what can't be taken back: only opening it anew tells what is on
 * it. */
bool store_broken(const struct store *store);

/* Writes a consistent copy of the live store to a new file at path (0600). Blocks for as long as
 * the disk takes. */
int store_copy(struct store *store, const char *path, struct err *err);

/* Why no further order is taken, as a code: "queue_full" where 80 % of map_mib are used,
 * "disk_full" where the disk has so little room that the ends of those that are here might not fit;
 * NULL: there is room. */
const char *store_full(struct store *store);

void store_begin(struct store *store, struct store_txn *txn, bool write);

/* 0 when it is on disk. -1: nothing of it is; the code is "disk_full", "queue_full",
 * "no_resources" or "storage". */
int store_commit(struct store_txn *txn, struct err *err) __attribute__((warn_unused_result));
void store_abort(struct store_txn *txn);

/* Ends a read transaction: -1 where anything in it failed. */
int store_end(struct store_txn *txn, struct err *err);

bool store_get(struct store_txn *txn, enum store_table table, struct bytes key,
               struct bytes *value);
void store_put(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes value);

/* A key that is not there is no error. */
void store_delete(struct store_txn *txn, enum store_table table, struct bytes key);

struct store_cursor {
    void *handle;
    struct store_txn *txn;
    struct bytes key, value; /* the present entry */
};

/* Moves to the first entry at or after `from`; false if there is none. Close it before the
 * transaction ends. */
bool store_seek(struct store_cursor *cursor, struct store_txn *txn, enum store_table table,
                struct bytes from);

/* Stands on the last entry before `from`. */
bool store_seek_before(struct store_cursor *cursor, struct store_txn *txn, enum store_table table,
                       struct bytes from);
bool store_next(struct store_cursor *cursor);
bool store_previous(struct store_cursor *cursor);
void store_cursor_close(struct store_cursor *cursor);

/* Big-endian numbers in keys. */
void store_put_u64(unsigned char *to, uint64_t value);
uint64_t store_get_u64(const unsigned char *from);

#endif
