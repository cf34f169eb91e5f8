/* Inside the salvage: reading a queue through its tree, in a process of its own, since a damaged
 * tree can make LMDB itself die. */
#ifndef WORKER_SALVAGE_READER_H
#define WORKER_SALVAGE_READER_H

#include "worker/store/store.h"

/* What a look at the queue comes to. One that fails for want of descriptors,
 * memory or a process says nothing about the queue. */
enum reading { READING_SOUND, READING_DAMAGED, READING_FAILED };

/* The caller holds the folder's lock. records: a file for what is sound; NULL: only check. */
enum reading reader_run(const char *folder, unsigned map_mib, unsigned format, const char *records);

/* Calls each for what is in the file `records`, as far as it goes. */
void reader_records(const char *records,
                    void (*each)(enum store_table table, struct bytes key, struct bytes value,
                                 void *arg),
                    void *arg);

#endif
