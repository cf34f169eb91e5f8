/* Between store.c, which has the file, and store_txn.c, which has transactions. */
#ifndef WORKER_QUEUE_STORE_INTERNAL_H
#define WORKER_QUEUE_STORE_INTERNAL_H

#include <lmdb.h>

#include "worker/queue/disk_reserve.h"
#include "worker/queue/store.h"

struct store {
    MDB_env *env;
    MDB_dbi tables[STORE_TABLES_MAX]; /* 0: not in this format */
    size_t map_bytes;
    int lock_fd;
    char *closed;    /* the file that says that it was closed */
    char *unchecked; /* the file that has a byte for each opening since the last whole check */
    bool unsure;     /* it was not closed, and was not checked since */
    struct disk_reserve reserve;
    bool broken;
};

/* -1 with *err for an error of LMDB's or the system's. */
int store_fail(struct err *err, int error, const char *what);

#endif
