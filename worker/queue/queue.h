/* Every order of one workshop, and the only thing that moves an order from state to state.
 *
 * Each change is one transaction: the record, its indexes and its line of history together, or
 * nothing. An order is `due` only while it is the first of its worksheet, so lines of one worksheet
 * keep their order and at most one of them is processed at a time. Times are wall-clock
 * milliseconds. */
#ifndef WORKER_QUEUE_QUEUE_H
#define WORKER_QUEUE_QUEUE_H

#include <jansson.h>

#include "common/order/order.h"
#include "common/order/rules.h"
#include "worker/store/store.h"

#define QUEUE_CALLBACK_ID_BYTES 40

struct queue;

/* The workshop's keys, SECRET_KEY_BYTES each, borrowed for the queue's life. */
struct queue_keys {
    const unsigned char *key; /* seals the orders' own credentials */
    const unsigned char *old; /* the one that it replaces; NULL: no rekey is under way */
};

/* Opens or makes the queue in folder, puts orders that were being processed when the last process
 * ended back to placed, and seals with keys->key what is sealed with keys->old. */
struct queue *queue_open(const char *folder, unsigned map_mib, const struct queue_keys *keys,
                         struct err *err);

/* Whether nothing in it is sealed with an old key any more: where it was open, its disk may have
 * been full. Then it forgets that key. */
bool queue_rekeyed(struct queue *queue);
void queue_close(struct queue *queue);

/* Says where the lines are made, as a text that differs from ERP to ERP. References of one ERP mean
 * nothing in another: if it differs from the last one, the index of references starts afresh. A
 * queue that has no index yet, from an earlier version, gets one, in transactions of a bounded
 * size. */
int queue_set_erp(struct queue *queue, const char *erp, struct err *err);

/* Looks through a part of a queue that was not closed. 1: there is more to do; 0: it is over, or
 * there was none to do; -1: damage was found, and the queue is broken. */
int queue_check_part(struct queue *queue, struct err *err);

/* --- what happens to orders --- */

/* An order has become this, and that is on disk. */
struct queue_event {
    char uniqueid[ORDER_VALUE_MAX + 1];
    char reason_code[sizeof((struct order){0}.reason_code)];
    enum order_status status;
    int64_t duration_ms; /* of the attempt that has ended so; negative: none has */
};

/* Calls `on_event` for each one from now on; it must not use the queue. */
void queue_observe(struct queue *queue,
                   void (*on_event)(const struct queue_event *event, void *arg), void *arg);

/* --- taking orders --- */

enum queue_answer {
    QUEUE_PLACED,
    QUEUE_DUPLICATE, /* the same content is there: `order` becomes the present one */
    QUEUE_CONFLICT,  /* this uniqueid has other content */
    QUEUE_REFUSED    /* it cannot be stored: see err */
};

struct queue_put {
    struct order *order;
    const struct credentials *credentials; /* NULL or without username: none */
    enum queue_answer answer;
    unsigned queue_length; /* after this order */
    struct err err;
    struct bytes sealed; /* the queue's own */
};

/* Puts a group in one transaction: when it returns, each answer holds and is on disk. */
void queue_put(struct queue *queue, struct queue_put *puts, size_t count);

/* The same with a wait of no more than two milliseconds. False: it is done. True: it is under way,
 * puts and all that they name are borrowed until queue_put_end, and queue_put_fd is readable once
 * that does not wait. Meanwhile reads find what was there before, and whatever changes the queue
 * waits for it. */
bool queue_put_start(struct queue *queue, struct queue_put *puts, size_t count);
int queue_put_fd(const struct queue *queue);
void queue_put_end(struct queue *queue);

/* --- time --- */

/* For how long deliveries of this queue have run, in all its processes: no wall clock, and never 0.
 * What the last process had run since its last failed attempt may be missing. */
int64_t queue_run_ms(const struct queue *queue);
void queue_set_running(struct queue *queue, bool running);

/* The queue's own time, or the wall clock's if that is earlier. A wall clock that is wrong can't
 * hurry it: it follows at no more than four times the pace of the monotonic clock. To be called now
 * and then; each call keeps it on disk. */
int64_t queue_trusted_ms(struct queue *queue, int64_t wall_ms, int64_t monotonic_ms);

/* What queue_trusted_ms would reckon; nothing is stored. */
int64_t queue_reckon_ms(const struct queue *queue, int64_t wall_ms, int64_t monotonic_ms);

/* Whether the disk, which may be another machine's, has about the same time. Right after a call of
 * queue_trusted_ms. */
bool queue_disk_agrees(const struct queue *queue, int64_t wall_ms);

/* --- reading --- */

/* 1 with *order filled, 0 where it is not known, -1 with *err. */
int queue_get(struct queue *queue, const char *uniqueid, struct order *order, struct err *err);

/* In error and not written off: used instead of a status. */
#define QUEUE_ATTENTION ((enum order_status)(ORDER_ERROR + 1))

/* How many orders have this status; status 0: all. */
unsigned queue_count(const struct queue *queue, enum order_status status);

/* Those placed or processing. */
unsigned queue_length(const struct queue *queue);

/* When the oldest placed order was last placed; 0 if there is none. */
int64_t queue_oldest_placed_ms(struct queue *queue);

/* One page. statuses: bits 1 << status, 0: all. after: the seq behind which it goes on; 0: from the
 * start. Calls `each` for at most limit orders and sets *next to the seq to go on behind, 0 at the
 * end. */
struct queue_page {
    unsigned statuses;
    bool newest_first;
    uint64_t after;
    unsigned limit;
    uint64_t next;
    void (*each)(const struct order *order, void *arg);
    void *arg;
};

int queue_page(struct queue *queue, struct queue_page *page, struct err *err);

/* An array of {"at", "status", "attempt", "reason_code", "reason_text", "duration_ms",
 * "erp_reference", "note", "changes", "by"} and, where there is some, "evidence", oldest first; the
 * caller owns *history. Returns as queue_get. */
int queue_history(struct queue *queue, const char *uniqueid, json_t **history, struct err *err);

/* What was salvaged from a damaged file, while that file is still there: {"at", "file", "orders",
 * "for_a_person"}; NULL: nothing. The caller owns it. */
json_t *queue_salvaged(struct queue *queue);

/* True once only a new process can go on with it. */
bool queue_broken(const struct queue *queue);

/* Where it lies, as queue_open was told. */
const char *queue_folder(const struct queue *queue);

/* A consistent copy of the live queue, as a new file in its folder. Returns its name there,
 * backup-NUMBER.mdb, for the caller to free; NULL with *err. */
char *queue_backup(struct queue *queue, struct err *err);

/* When the ERP refused these credentials; 0: it did not. A keyed hash of them is on disk, so that
 * neither a crash nor another master key leads to a further try. at_ms 0 forgets it. */
int64_t queue_refused_ms(struct queue *queue, const struct credentials *credentials);
void queue_set_refused(struct queue *queue, const struct credentials *credentials, int64_t at_ms);

/* What sessions have open outside this process, as their drivers noted it: an array of texts, the
 * oldest first, for the caller to own. A note comes (was NULL), changes, or goes (now NULL). Of
 * more than QUEUE_SESSION_NOTES_MAX the oldest are forgotten. */
#define QUEUE_SESSION_NOTES_MAX 32
json_t *queue_session_notes(struct queue *queue);
int queue_note_session(struct queue *queue, const char *was, const char *now, struct err *err);

/* A note of another part of the worker, under a name of its own. NULL: there is none; the caller
 * owns it. Keeping NULL removes it. */
json_t *queue_kept(struct queue *queue, const char *name);
int queue_keep(struct queue *queue, const char *name, const json_t *note, struct err *err);

/* What a session with these credentials must know in every process (a token that takes the place of
 * a password): sealed on disk. NULL: nothing. secret_free it. */
char *queue_memory(struct queue *queue, const struct credentials *credentials);
int queue_set_memory(struct queue *queue, const struct credentials *credentials, const char *memory,
                     struct err *err);

/* --- what people do; the history says who --- */

/* Placed orders become `error` with `cleared`: those up to seq `last`, at most `limit` of them in
 * one transaction. Returns how many, or -1. */
int queue_clear(struct queue *queue, uint64_t last, unsigned limit, const struct author *by,
                struct err *err);

/* The seq of the newest order. */
uint64_t queue_last_seq(const struct queue *queue);

/* 1: an order in error is placed again with the corrected content of *order, which becomes the new
 * record; 0: it is not in error; -1. in_doubt: who retries an order of unknown outcome is not taken
 * to have seen that there is no line. */
int queue_retry(struct queue *queue, struct order *order, bool in_doubt, const struct author *by,
                struct err *err);

enum queue_retried { QUEUE_RETRIED, QUEUE_NOT_IN_ERROR, QUEUE_NOT_FOUND };

/* The same for several at once, as they are, in one transaction. No one has looked for the line of
 * each: orders of unknown outcome are looked up, or end as before. */
int queue_retry_some(struct queue *queue, const char *const *uniqueids, enum queue_retried *results,
                     size_t count, const struct author *by, struct err *err);

/* It becomes `created`: a person entered it. note: what the person says about it; may be NULL. */
int queue_resolve(struct queue *queue, struct order *order, const char *note,
                  const struct author *by, struct err *err);

/* It will never be billed: it stays in error and needs no attention until it is retried. reason:
 * one of order_write_off_valid. */
int queue_write_off(struct queue *queue, struct order *order, const char *reason, const char *note,
                    const struct author *by, struct err *err);

/* --- delivery --- */

struct queue_task {
    struct order order;
    struct credentials credentials; /* username NULL: none of its own; credentials_clear it */
};

/* The workshop's rules, borrowed for the queue's life: they apply when an order is taken. NULL, and
 * before this call: there are none. */
void queue_set_rules(struct queue *queue, const struct order_rules *rules);

/* Moves up to `limit` due orders to processing, in one transaction, and counts the attempt.
 * latest_ms: what is due up to then. An order that the workshop's
 * rules refuse becomes `error` instead. Returns how many were taken, or -1. */
int queue_take(struct queue *queue, int64_t latest_ms, struct queue_task *tasks, unsigned limit,
               struct err *err);

/* The time at which the next order is due, INT64_MAX where none waits. */
int64_t queue_next_due_ms(struct queue *queue);

/* Records that a request that can create the line leaves now. _all: of several orders, in one
 * transaction; if it fails, none of them bears the mark. */
int queue_commit_sent(struct queue *queue, struct order *order, struct err *err);
int queue_commit_sent_all(struct queue *queue, struct order *const *orders, size_t count,
                          struct err *err);

struct queue_end {
    int64_t duration_ms;    /* of the attempt */
    bool forget;            /* its own credentials are of no further use */
    const json_t *evidence; /* names of files, for its history; NULL: none */
};

/* The end of an attempt: status, reason, erp_reference and next_attempt_ms of *order are new.
 * Credentials of its own go also when it is created. An order that would end `created` with the
 * reference of another created order ends in `error` with `outcome_unknown` instead, without a
 * reference: *order says so. */
int queue_finish(struct queue *queue, struct order *order, const struct queue_end *end,
                 struct err *err);

/* The same for several, in one transaction: all of them or none. */
int queue_finish_all(struct queue *queue, struct order *const *orders, const struct queue_end *ends,
                     size_t count, struct err *err);

/* --- callbacks --- */

/* What the receiver is still owed: each order that became `created` or `error`, as it was then. It
 * is written in the transaction of that change. */
struct queue_callback {
    char worksheet[ORDER_VALUE_MAX + 1];
    uint64_t number;                  /* its place among those of the worksheet */
    char id[QUEUE_CALLBACK_ID_BYTES]; /* the same at each repetition; unique in the world */
    int64_t age_ms;                   /* no longer than any clock says */
    char *body;                       /* the order object; the caller frees it */
};

/* From now on they are kept, with this as the workshop's name (copied). NULL: no longer, and those
 * that wait are dropped. */
void queue_call_back(struct queue *queue, const char *workshop);

/* How many wait. */
unsigned queue_callbacks_waiting(const struct queue *queue);

/* The first one of the next worksheet behind `after` ("": from the first one on) that is not to be
 * skipped. 1, 0: there is none, -1. */
int queue_callback_next(struct queue *queue, const char *after,
                        bool (*skip)(const char *worksheet, void *arg), void *arg,
                        struct queue_callback *callback, struct err *err);

/* These are no longer owed; all in one transaction. */
int queue_callbacks_done(struct queue *queue, const struct queue_callback *const *callbacks,
                         size_t count, struct err *err);

/* Deletes up to `limit` created orders that last changed before before_ms, and of all of them no
 * more than a tenth (or a hundred) on one day of queue_trusted_ms. What is in error is for a person
 * and stays. Returns how many, or -1. */
int queue_expire(struct queue *queue, int64_t before_ms, unsigned limit, struct err *err);

#endif
