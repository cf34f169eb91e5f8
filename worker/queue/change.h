/* Inside the queue: the one function that changes an order, and the records it reads and writes. */
#ifndef WORKER_QUEUE_CHANGE_H
#define WORKER_QUEUE_CHANGE_H

#include "worker/queue/queue.h"
#include "worker/queue/record.h"

#define QUEUE_BACKUP "backup-" /* copies in the queue's folder begin so */

struct queue_time {
    int64_t run_ms;        /* up to run_from_ms */
    int64_t run_from_ms;   /* monotonic; 0: it does not run */
    int64_t trusted_ms;    /* see queue_trusted_ms */
    int64_t trusted_at_ms; /* monotonic, when that was reckoned; 0: by no call of this process */
    int64_t day;           /* of trusted_ms, on which … */
    unsigned removed;      /* … so many orders were removed */
};

struct queue {
    struct store *store;
    json_t *salvaged; /* the note of its opening; NULL: none */
    char *folder;
    struct queue_keys keys;
    unsigned char *hash_key; /* of refused credentials; secret memory */
    bool rekeyed;            /* nothing is sealed with an old key */
    uint64_t last_seq;
    unsigned counts[ORDER_ERROR + 1]; /* by status; 0: all */
    struct queue_time time;
};

/* A write transaction with what the counters will be once it is on disk. */
struct queue_txn {
    struct store_txn txn;
    struct queue *queue;
    uint64_t last_seq;
    unsigned counts[ORDER_ERROR + 1];
};

/* What the history says of a change besides the order itself. Members may be NULL or negative: left
 * out. */
struct queue_remark {
    int64_t duration_ms;
    const char *note;
    json_t *changes;        /* {"worksheet": ["old", "new"], …}, borrowed */
    const json_t *evidence; /* ["name", …], borrowed */
};

/* Nothing to say. */
static const struct queue_remark queue_plain_remark = {.duration_ms = -1};

void queue_begin(struct queue *queue, struct queue_txn *t);
int queue_commit(struct queue_txn *t, struct err *err);

/* Writes *now in the place of *was (NULL: a new order) with every index, and a line of history if
 * remark is not NULL. Sets now->updated_ms, trusted_ms and history_length. */
void queue_change(struct queue_txn *t, const struct order *was, struct order *now,
                  const struct queue_remark *remark);

/* The same without a change of its time or its history: now->seq 0 gets a new one. */
void queue_store(struct queue_txn *t, const struct order *was, struct order *now);

/* A note of the queue's own, beside the orders. NULL removes it; the caller owns what get returns.
 */
#define QUEUE_META_SALVAGED "salvaged"
#define QUEUE_META_SESSIONS "sessions"
#define QUEUE_META_REFERENCES "references"
#define QUEUE_META_TIME "time"
void queue_meta_put(struct queue_txn *t, const char *name, const json_t *note);
json_t *queue_meta_get(struct store_txn *txn, const char *name);

/* queue_run_ms and the rest of its time, into a transaction that is made anyway. */
void queue_time_open(struct queue *queue, struct store_txn *txn);
void queue_time_put(struct queue_txn *t);

/* Takes an order and all that belongs to it out of the queue for good. */
void queue_remove(struct queue_txn *t, const struct order *order);

/* false: not there, or damaged (which sticks as an error of the transaction). */
bool queue_read(struct store_txn *txn, const char *uniqueid, struct order *order);

/* The order that an index entry names. */
bool queue_read_entry(struct store_txn *txn, struct bytes value, struct order *order);

/* The first order with this status whose seq is greater: its seq, or 0. */
uint64_t queue_first_behind(struct store_txn *txn, enum order_status status, uint64_t seq,
                            struct order *order);

/* The first line of its history from *number on, whose number that becomes: what is there counts,
 * not how many a record says there are. */
bool queue_history_from(struct store_txn *txn, const char *uniqueid, uint32_t *number,
                        struct bytes *record);

#endif
