/* Inside the queue: what can be searched of its orders, in blocks of consecutive numbers.
 *
 * A block holds the texts of its orders side by side and the range of their times. It is written
 * once, when the first order behind it comes, so it costs each order little more than its texts;
 * a million orders are looked through in a few thousand blocks. What it names may be gone or
 * changed since: the record decides. Orders of the last block are in none yet. */
#ifndef WORKER_QUEUE_BLOCKS_H
#define WORKER_QUEUE_BLOCKS_H

#include "worker/queue/record.h"

#define QUEUE_BLOCK 256 /* numbers in a block */

/* The first number of the block that this one belongs to. */
uint64_t queue_block_of(uint64_t seq);

/* Writes a block of the orders that are there; none of an empty one. */
void queue_block_write(struct store_txn *txn, uint64_t first);

/* An order has left this place: a block without orders goes. */
void queue_block_forget(struct store_txn *txn, uint64_t seq);

/* Writes the next block, from *first on, that has orders and is before the one of last_seq. False:
 * there is none. *first becomes the one behind it. */
bool queue_block_next(struct store_txn *txn, uint64_t last_seq, uint64_t *first);

struct queue_block {
    int64_t first_ms, last_ms; /* when its orders were placed */
    unsigned count;
    const unsigned char *entries, *texts;
    size_t texts_size;
};

/* -1: this is no block. */
int queue_block_read(struct bytes value, struct queue_block *block);

/* What is looked for, in any combination; NULL: anything. */
struct queue_needles {
    const char *worksheet, *product_nr; /* the whole text */
    const char *part;                   /* of uniqueid, worksheet or product */
};

/* Marks in hits[seq - first] which orders may have them. */
void queue_block_find(const struct queue_block *block, const struct queue_needles *needles,
                      bool hits[QUEUE_BLOCK]);

#endif
