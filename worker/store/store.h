/* Tables on disk with transactions: the only place that knows LMDB.
 *
 * Errors are sticky: begin, get, put …, commit, and one check at the end. A read transaction is
 * short-lived: nothing waits for the network inside one. Values that a get or a cursor returns are
 * valid until the next write or the end of the transaction. */
#ifndef WORKER_STORE_STORE_H
#define WORKER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Numbers in keys and values are 8 bytes, big-endian. The tables of each status hold every order of
 * that status once, so their sizes are the counters. */
enum store_table {
    STORE_META,   /* name → value */
    STORE_ORDERS, /* seq → record; its own credentials and its first line of history are in it */
    STORE_IDS,    /* uniqueid → seq */
    STORE_PLACED, /* seq → nothing; and so on */
    STORE_PROCESSING,
    STORE_CREATED,
    STORE_ERROR,
    STORE_WORKSHEET, /* worksheet, NUL, seq → nothing; open orders before the backlog */
    STORE_DUE,       /* due time in ms, seq → nothing; the first of each worksheet, if it waits */
    STORE_HISTORY,   /* born, number (4) → record; the lines after the first one */
    STORE_REFERENCES, /* the ERP's reference, NUL, seq → uniqueid; created orders */
    STORE_ATTENTION,  /* seq → nothing; orders in error that are not written off */
    STORE_REASONS,    /* reason code, NUL, seq → nothing; orders that have one */
    STORE_BLOCKS,     /* first seq of a block → what can be searched of its orders */
    STORE_CALLBACKS,  /* worksheet, NUL, number → record: see queue/callbacks.c */
    STORE_TABLES,
    STORE_CREDENTIALS = STORE_TABLES, /* of format 1: uniqueid → sealed */
    STORE_TABLES_MAX
};

#define STORE_FORMAT 3 /* what this release writes */

/* The file's format is a value beside the tables, under the name of a table of format 1: so an
 * earlier release refuses the file instead of taking it for a queue without orders. */
#define STORE_FORMAT_NAME "status"

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

/* The same where the caller holds the folder's lock, which it keeps. format: up to STORE_FORMAT; a
 * file of an earlier one is read only, and other tables, keys and values may be in it. */
struct store *store_open_locked(const char *folder, unsigned map_mib, unsigned format,
                                struct err *err);

/* Makes the folder where it is missing and locks it: a descriptor to close, or -1 with the code
 * "in_use". */
int store_lock(const char *folder, struct err *err);
void store_close(struct store *store);

/* Whether the last process that had it open closed it; where it did not, its file deserves a look.
 */
bool store_was_closed(const char *folder);

/* Whether it should be checked before it is opened: a process found damage or died of it, or
 * several died before they had checked all of it. */
bool store_is_suspect(const char *folder);

/* Notes that the file in folder is sound, as if it had been closed. */
void store_note_sound(const char *folder);

/* Whether it should be checked while it is open, as it was not closed; and that it was. */
bool store_unsure(const struct store *store);
void store_checked(struct store *store);

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

/* store_commit without what it does about an error: store_end must follow. From store_begin to
 * here a transaction may run in another thread, while this one reads. */
void store_write(struct store_txn *txn);

/* Ends a read transaction: -1 where anything in it failed. */
int store_end(struct store_txn *txn, struct err *err);

bool store_get(struct store_txn *txn, enum store_table table, struct bytes key,
               struct bytes *value);
void store_put(struct store_txn *txn, enum store_table table, struct bytes key, struct bytes value);

/* The same for a key that is most likely behind all others: the pages are filled to the end. */
void store_append(struct store_txn *txn, enum store_table table, struct bytes key,
                  struct bytes value);

/* Puts it unless the key is there already: then false, with what it has in *present. */
bool store_insert(struct store_txn *txn, enum store_table table, struct bytes key,
                  struct bytes value, struct bytes *present);

/* How many entries a table has, and away with all of them. */
size_t store_count(struct store_txn *txn, enum store_table table);
void store_clear(struct store_txn *txn, enum store_table table);

/* A key that is not there is no error. */
void store_delete(struct store_txn *txn, enum store_table table, struct bytes key);

struct store_cursor {
    void *handle;
    struct store_txn *txn;
    struct bytes key, value; /* the present entry */
};

/* Moves to the first entry at or after `from`, or to the first of all where its size is 0; false if
 * there is none. Close it before the transaction ends. */
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
