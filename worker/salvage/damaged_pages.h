/* Reading a damaged data file without LMDB: its header, and whatever leaf nodes still stand in it.
 *
 * Follows the file format of LMDB 0.9 on 64-bit machines (mdb.c: MDB_page, MDB_meta, MDB_node);
 * nothing is mapped, so a file that is too short is no SIGBUS, and nothing is believed: every
 * length is checked. */
#ifndef WORKER_SALVAGE_DAMAGED_PAGES_H
#define WORKER_SALVAGE_DAMAGED_PAGES_H

#include <stdbool.h>

#include "worker/store/store.h"

enum store_pages_header {
    STORE_PAGES_SOUND,
    STORE_PAGES_SHORT, /* shorter than its header says: cut, or pages at its end were never used */
    STORE_PAGES_BAD,   /* LMDB would not take it */
    STORE_PAGES_UNREAD /* cannot be opened: errno says why */
};

enum store_pages_header store_pages_header(const char *path);

/* The format that the file says it has, with which it is opened; 0: nothing there says so. */
uint64_t store_pages_format(const char *path);

/* Whether it is the beginning of a file that was never finished: too short for any table, and no
 * header. */
bool store_pages_unborn(const char *path);

/* Calls visit for each node of each leaf page, also of pages that the tree no longer uses: the same
 * key may come more than once, with old values. -1: the file cannot be read. */
int store_pages_scan(const char *path,
                     void (*visit)(struct bytes key, struct bytes value, void *arg), void *arg);

#endif
