/* Inside the queue: the one function that changes an order, and the records it reads and writes. */
#ifndef WORKER_QUEUE_CHANGE_H
#define WORKER_QUEUE_CHANGE_H

#include "worker/queue/queue.h"
#include "worker/queue/record.h"
#include "worker/store/helper.h"

#define QUEUE_BACKUP "backup-" /* copies in the queue's folder begin so */

/* Of copies whose reader was killed. Each is as large as the queue. */
void queue_remove_backups(const char *folder);

struct queue_time {
    int64_t run_ms;        /* up to run_from_ms */
    int64_t run_from_ms;   /* monotonic; 0: it does not run */
    int64_t trusted_ms;    /* see queue_trusted_ms */
    int64_t trusted_at_ms; /* monotonic, when that was reckoned; 0: by no call of this process */
    int64_t day;           /* of trusted_ms, on which … */
    unsigned removed;      /* … so many orders were removed */
};

/* A write transaction with what the counters will be once it is on disk. */
struct queue_txn {
    struct store_txn txn;
    struct queue *queue;
    uint64_t last_seq, backlog;
    unsigned counts[QUEUE_ATTENTION + 1];
    unsigned callbacks_waiting;
};

struct queue {
    struct store *store;
    struct helper *helper; /* writes the group */
    bool slow_disk;        /* by the last group; true: not known yet */
    struct queue_group {
        struct queue_txn t;
        struct queue_put *puts;
        size_t count; /* not answered yet */
        int64_t began_ms;
        bool under_way, failed;
        struct err err;
        const char *full; /* why none of them is taken, as a code; NULL: there is room */
    } group;
    json_t *salvaged; /* the note of its opening; NULL: none */
    const struct order_rules *rules;
    char *folder;
    struct queue_keys keys;
    unsigned char *hash_key;   /* of refused credentials; secret memory */
    bool rekeyed;              /* nothing is sealed with an old key */
    struct queue_check *check; /* how far it has come; NULL: none is under way */
    uint64_t last_seq;
    uint64_t backlog;                     /* see queue_is_indexed */
    unsigned counts[QUEUE_ATTENTION + 1]; /* by status; 0: all */
    char *callbacks;                      /* see queue_call_back; NULL: none are kept */
    unsigned callbacks_waiting;
    void (*on_event)(const struct queue_event *event, void *arg); /* NULL: no observer */
    void *on_event_arg;
    struct queue_event *events; /* of the transaction under way */
    size_t event_count, event_size;
    struct queue_time time;
};

/* What the history says of a change besides the order itself. Members may be NULL or negative: left
 * out. */
struct queue_remark {
    int64_t duration_ms;
    const char *note;
    json_t *changes;         /* {"worksheet": ["old", "new"], …}, borrowed */
    const json_t *evidence;  /* ["name", …], borrowed */
    const struct author *by; /* the worker itself */
};

/* Nothing to say. */
static const struct queue_remark queue_plain_remark = {.duration_ms = -1};

/* Waits for the group under way, and takes over its counters. Due before anything is changed that
 * its transaction uses. */
void queue_settle(struct queue *queue);

/* Settles first. */
void queue_begin(struct queue *queue, struct queue_txn *t);

/* The transaction of the group, in any thread. queue_settle ends it. */
void queue_begin_group(struct queue *queue, struct queue_txn *t);
void queue_write(struct queue_txn *t);

int queue_commit(struct queue_txn *t, struct err *err);

/* For who observes the queue, once it is committed. */
void queue_event_note(struct queue *queue, const struct order *order, int64_t duration_ms);

/* Writes *now in the place of *was with every index, and a line of history if remark is not NULL.
 * Sets now->updated_ms, trusted_ms and history_length. Its credentials go where own_credentials is
 * false now. */
void queue_change(struct queue_txn *t, const struct order *was, struct order *now,
                  const struct queue_remark *remark);

/* The same without a change of its time or its history. was NULL: a new one; now->seq 0 gets a new
 * one. sealed: its credentials; NULL: those that it has. */
void queue_store(struct queue_txn *t, const struct order *was, struct order *now);
void queue_store_sealed(struct queue_txn *t, const struct order *was, struct order *now,
                        const struct bytes *sealed);

/* A new order, unless this uniqueid is known: false. Sets seq, born and history_length; its first
 * line of history is what queue_first_line makes of it. */
bool queue_insert(struct queue_txn *t, struct order *order, struct bytes sealed);
json_t *queue_first_line(const struct order *order);

/* The next line of its history; history_length counts it. */
void queue_line_put(struct queue_txn *t, struct order *now, const struct queue_remark *remark);

/* A line of history as it is shown: with a null for each member that it does not have. */
json_t *queue_line_shown(const json_t *line);

/* An open order is in the tables of worksheets and due times only if it is before the backlog:
 * where many wait, only as many as delivery needs to look at. */
#define QUEUE_EAGER 1024 /* more than so many wait: a new one begins the backlog */
bool queue_is_indexed(const struct queue_txn *t, uint64_t seq);

/* Takes some of the backlog into these tables. Whether there were any. */
bool queue_index_some(struct queue_txn *t);

/* A record in JSON; content is consumed. */
void queue_record_put(struct queue_txn *t, enum store_table table, struct bytes key,
                      json_t *content);

/* A note of the queue's own, beside the orders. NULL removes it; the caller owns what get returns.
 */
#define QUEUE_META_SALVAGED "salvaged"
#define QUEUE_META_SESSIONS "sessions"
#define QUEUE_META_REFERENCES "references"
#define QUEUE_META_TIME "time"
#define QUEUE_META_MEMORY "memory " /* and the hash of the credentials */
#define QUEUE_META_BACKLOG "backlog"
#define QUEUE_META_LAST "last_seq" /* at least so far were numbers given */
void queue_meta_put(struct queue_txn *t, const char *name, const json_t *note);
json_t *queue_meta_get(struct store_txn *txn, const char *name);

/* queue_run_ms and the rest of its time, into a transaction that is made anyway. */
void queue_time_open(struct queue *queue, struct store_txn *txn);
void queue_time_put(struct queue_txn *t);

/* The callback of an order that has just become `created` or `error`, if they are wanted. */
void queue_callback_add(struct queue_txn *t, const struct order *order);

/* Takes an order and all that belongs to it out of the queue for good. */
void queue_remove(struct queue_txn *t, const struct order *order);

/* false: not there, or damaged (which sticks as an error of the transaction). */
bool queue_read(struct store_txn *txn, const char *uniqueid, struct order *order);

/* The order whose seq an index names: it must be there. sealed: NULL, or its credentials,
 * which lie in its record. */
bool queue_read_seq(struct store_txn *txn, uint64_t seq, struct order *order, struct bytes *sealed);

/* The same, but its uniqueid may lead elsewhere. */
bool queue_read_record(struct store_txn *txn, uint64_t seq, struct order *order,
                       struct bytes *sealed);

/* The table of this status; 0: of all orders; QUEUE_ATTENTION: of those that need attention. */
enum store_table queue_table(enum order_status status);

/* The last order's seq; 0: there is none. */
uint64_t queue_newest_seq(struct store_txn *txn);

/* The first order with this status whose seq is greater: its seq, or 0. */
uint64_t queue_first_behind(struct store_txn *txn, enum order_status status, uint64_t seq,
                            struct order *order);

/* The first line of its history from *number on, whose number that becomes: what is there counts,
 * not how many a record says there are. */
bool queue_history_from(struct store_txn *txn, uint64_t born, uint32_t *number,
                        struct bytes *record);

/* Keys of the indexes of open orders. */
#define QUEUE_WORKSHEET_KEY_BYTES (ORDER_VALUE_MAX + 1 + QUEUE_SEQ_BYTES)
struct bytes queue_key_worksheet(unsigned char key[QUEUE_WORKSHEET_KEY_BYTES],
                                 const char *worksheet, uint64_t seq);
#define QUEUE_REASON_KEY_BYTES (sizeof((struct order *)0)->reason_code + QUEUE_SEQ_BYTES)
struct bytes queue_key_reason(unsigned char key[QUEUE_REASON_KEY_BYTES], const char *reason,
                              uint64_t seq);
#define QUEUE_DUE_KEY_BYTES (8 + QUEUE_SEQ_BYTES)
struct bytes queue_key_due(unsigned char key[QUEUE_DUE_KEY_BYTES], const struct order *order);

#endif
