/* Between store.c (the file), soundness.c (whether it needs a check) and store_txn.c
 * (transactions). */
#ifndef WORKER_STORE_STORE_INTERNAL_H
#define WORKER_STORE_STORE_INTERNAL_H

#include <lmdb.h>

#include "worker/store/disk_reserve.h"
#include "worker/store/store.h"

struct store {
    MDB_env *env;
    MDB_dbi tables[STORE_TABLES_MAX]; /* 0: not in this format */
    size_t map_bytes;
    int lock_fd;
    char *clean;     /* the file that says that it was closed */
    char *unchecked; /* the file that has a byte for each opening since the last whole check */
    bool unsure;     /* it was not closed, and was not checked since */
    bool noted;      /* that it is open, on disk: due before the first commit */
    struct disk_reserve reserve;
    bool broken;
};

/* soundness.c: what is noted beside the file for the next process, in the file `unchecked`. From
 * soundness_watch to soundness_unwatch (of the same string) a fatal signal is noted too. */
void soundness_count_opening(const char *unchecked);
void soundness_watch(const char *unchecked);
void soundness_unwatch(const char *unchecked);
void soundness_note_failure(const char *folder, const struct err *err);
void soundness_mark_closed(const struct store *store);

/* 0.1.0 takes a queue without the file `closed` for one to check, and one that it cannot check for
 * a damaged one: it would set it aside and begin anew. With that file it refuses it. */
void soundness_keep_earlier_out(const char *folder);

/* It is broken from now on, and the next process checks it first: on a damaged page LMDB may have
 * written beyond a buffer, so this process may not get as far as closing it. */
void soundness_note_broken(struct store *store);

/* -1 with *err for an error of LMDB's or the system's. */
int store_fail(struct err *err, int error, const char *what);

#endif
