/* What the API and the delivery ask of the queue. How a change is written is queue_change.c's. */
#include "worker/queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/secret.h"
#include "worker/queue_change.h"
#include "worker/record.h"

#define QUEUE_REFUSED_BYTES (8 + SECRET_HASH_TEXT_BYTES)

static const struct queue_remark plain_remark = {-1, NULL, NULL};

/* --- opening --- */

static void
count_all(struct queue *queue, struct store_txn *txn)
{
    unsigned char key[9];
    struct store_cursor cursor;
    bool found = store_seek(&cursor, txn, STORE_STATUS, queue_key_status(key, 0, 0));

    for (; found; found = store_next(&cursor)) {
        const unsigned char *at = cursor.key.data;
        uint64_t seq = store_get_u64(at + 1);

        if (at[0] <= ORDER_ERROR)
            queue->counts[at[0]]++;
        if (seq > queue->last_seq)
            queue->last_seq = seq;
    }
    store_cursor_close(&cursor);
}

/* The first order with this status behind seq; 0 where there is none. */
static uint64_t
first_behind(struct store_txn *txn, enum order_status status, uint64_t seq, struct order *order)
{
    unsigned char key[9];
    struct store_cursor cursor;
    uint64_t found = 0;

    if (store_seek(&cursor, txn, STORE_STATUS, queue_key_status(key, status, seq + 1)) &&
        *(const unsigned char *)cursor.key.data == status &&
        queue_read_entry(txn, cursor.value, order))
        found = order->seq;
    store_cursor_close(&cursor);
    return found;
}

static int
recover(struct queue *queue, struct err *err)
{
    static const struct queue_remark remark = {-1, "the worker ended during this attempt", NULL};
    struct queue_txn t;
    struct order was;
    unsigned count = 0;

    if (fault_point("mutant.no_recovery"))
        return 0;
    fault_here("queue.recover");
    queue_begin(queue, &t);
    for (; first_behind(&t.txn, ORDER_PROCESSING, 0, &was); count++) {
        struct order now = was;

        now.status = ORDER_PLACED;
        now.next_attempt_ms = 0;
        queue_change(&t, &was, &now, &remark);
    }
    if (count)
        log_info("%u orders were being processed when the last worker ended: they are placed again",
                 count);
    return queue_commit(&t, err);
}

struct queue *
queue_open(const char *folder, unsigned map_mib, const unsigned char *workshop_key, struct err *err)
{
    struct queue *queue = mem_alloc(sizeof *queue);
    struct store_txn txn;

    queue->key = workshop_key;
    queue->folder = mem_string(folder);
    queue->store = store_open(folder, map_mib, err);
    if (queue->store) {
        store_begin(queue->store, &txn, false);
        count_all(queue, &txn);
        if (store_end(&txn, err) == 0 && recover(queue, err) == 0)
            return queue;
    }
    queue_close(queue);
    return NULL;
}

void
queue_close(struct queue *queue)
{
    if (!queue)
        return;
    store_close(queue->store);
    free(queue->folder);
    free(queue);
}

/* --- taking orders --- */

static void
put_new(struct queue_txn *t, struct queue_put *put)
{
    struct order *order = put->order;

    order->placed_ms = order->queued_ms = clock_wall_ms();
    queue_change(t, NULL, order, &plain_remark);
    if (put->credentials && put->credentials->username)
        queue_credentials_put(t, order, put->credentials);
    put->answer = QUEUE_PLACED;
}

static void
put_one(struct queue_txn *t, struct queue_put *put, bool full)
{
    struct order present;

    if (queue_read(&t->txn, put->order->uniqueid, &present)) {
        put->answer = order_same_content(&present, put->order) ? QUEUE_DUPLICATE : QUEUE_CONFLICT;
        *put->order = present;
    } else if (full) {
        put->answer = QUEUE_REFUSED;
        err_set(&put->err, "queue_full", "the queue is full");
    } else {
        put_new(t, put);
    }
    put->queue_length = t->counts[ORDER_PLACED] + t->counts[ORDER_PROCESSING];
}

void
queue_put(struct queue *queue, struct queue_put *puts, size_t count)
{
    bool full = store_nearly_full(queue->store);
    struct queue_txn t;
    struct err err;

    queue_begin(queue, &t);
    for (size_t i = 0; i < count; i++)
        put_one(&t, &puts[i], full);
    fault_here("queue.put");
    if (fault_point("mutant.no_put")) {
        store_abort(&t.txn);
        return;
    }
    if (queue_commit(&t, &err) == 0)
        return;
    log_error("%zu orders could not be kept: %s", count, err.text);
    for (size_t i = 0; i < count; i++) {
        puts[i].answer = QUEUE_REFUSED;
        puts[i].err = err;
    }
}

/* --- reading --- */

int
queue_get(struct queue *queue, const char *uniqueid, struct order *order, struct err *err)
{
    struct store_txn txn;
    bool found;

    store_begin(queue->store, &txn, false);
    found = queue_read(&txn, uniqueid, order);
    return store_end(&txn, err) ? -1 : found;
}

unsigned
queue_count(const struct queue *queue, enum order_status status)
{
    return queue->counts[status];
}

unsigned
queue_length(const struct queue *queue)
{
    return queue->counts[ORDER_PLACED] + queue->counts[ORDER_PROCESSING];
}

int64_t
queue_oldest_placed_ms(struct queue *queue)
{
    struct store_txn txn;
    struct order order;
    struct err err;
    bool found;

    if (!queue->counts[ORDER_PLACED])
        return 0;
    store_begin(queue->store, &txn, false);
    found = first_behind(&txn, ORDER_PLACED, 0, &order);
    return store_end(&txn, &err) || !found ? 0 : order.queued_ms;
}

/* One status's entries, walked in the page's direction. */
struct lane {
    struct store_cursor cursor;
    unsigned status;
    bool open;
};

static uint64_t
lane_seq(const struct lane *lane)
{
    return store_get_u64((const unsigned char *)lane->cursor.key.data + 1);
}

static void
lane_check(struct lane *lane)
{
    lane->open = lane->open && *(const unsigned char *)lane->cursor.key.data == lane->status;
}

static void
lane_open(struct lane *lane, struct store_txn *txn, const struct queue_page *page, unsigned status)
{
    unsigned char key[9];

    lane->status = status;
    if (!page->newest_first)
        lane->open = store_seek(&lane->cursor, txn, STORE_STATUS,
                                queue_key_status(key, status, page->after + 1));
    else
        lane->open = store_seek_before(
            &lane->cursor, txn, STORE_STATUS,
            queue_key_status(key, status, page->after ? page->after : UINT64_MAX));
    lane_check(lane);
}

static void
lane_step(struct lane *lane, const struct queue_page *page)
{
    lane->open = page->newest_first ? store_previous(&lane->cursor) : store_next(&lane->cursor);
    lane_check(lane);
}

static struct lane *
lane_first(struct lane *lanes, size_t count, const struct queue_page *page)
{
    struct lane *first = NULL;

    for (size_t i = 0; i < count; i++)
        if (lanes[i].open &&
            (!first || (lane_seq(&lanes[i]) < lane_seq(first)) == !page->newest_first))
            first = &lanes[i];
    return first;
}

int
queue_page(struct queue *queue, struct queue_page *page, struct err *err)
{
    struct lane lanes[ORDER_ERROR + 1], *lane;
    size_t lane_count = 0;
    struct store_txn txn;
    struct order order;

    page->next = 0;
    store_begin(queue->store, &txn, false);
    for (unsigned status = 0; status <= ORDER_ERROR; status++)
        if (page->statuses ? page->statuses >> status & 1 : !status)
            lane_open(&lanes[lane_count++], &txn, page, status);
    for (unsigned n = 0; (lane = lane_first(lanes, lane_count, page)) && n < page->limit; n++) {
        page->next = lane_seq(lane);
        if (queue_read_entry(&txn, lane->cursor.value, &order))
            page->each(&order, page->arg);
        lane_step(lane, page);
    }
    if (!lane)
        page->next = 0;
    for (size_t i = 0; i < lane_count; i++)
        store_cursor_close(&lanes[i].cursor);
    return store_end(&txn, err);
}

int
queue_history(struct queue *queue, const char *uniqueid, json_t **history, struct err *err)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];
    struct store_txn txn;
    struct order order;
    bool found;

    *history = json_array();
    store_begin(queue->store, &txn, false);
    found = queue_read(&txn, uniqueid, &order);
    for (uint32_t i = 0; found && i < order.history_length; i++) {
        struct bytes entry_key = queue_key_history(key, uniqueid, i), record;
        json_t *entry = store_get(&txn, STORE_HISTORY, entry_key, &record)
                            ? record_decode(entry_key, record)
                            : NULL;

        if (entry)
            json_array_append_new(*history, entry);
    }
    if (store_end(&txn, err) == 0)
        return found;
    json_decref(*history);
    return -1;
}

json_t *
queue_salvaged(struct queue *queue)
{
    struct store_txn txn;
    json_t *note;
    struct err err;

    store_begin(queue->store, &txn, false);
    note = queue_meta_get(&txn, QUEUE_META_SALVAGED);
    if ((store_end(&txn, &err) ||
         access(json_string_value(json_object_get(note, "file")) ?: "", F_OK)) &&
        note) {
        json_decref(note);
        note = NULL;
    }
    return note;
}

bool
queue_broken(const struct queue *queue)
{
    return store_broken(queue->store);
}

char *
queue_backup(struct queue *queue, struct err *err)
{
    char *path = mem_format("%s/backup-%lld.mdb", queue->folder, (long long)clock_wall_ms());

    if (store_copy(queue->store, path, err) == 0)
        return path;
    free(path);
    return NULL;
}

/* "refused " and a hash that is of no use without the workshop's key. */
static void
refused_name(const struct queue *queue, const struct credentials *credentials,
             char name[QUEUE_REFUSED_BYTES])
{
    memcpy(name, "refused ", 8);
    secret_credentials_hash(queue->key, credentials->username, credentials->password, name + 8);
}

int64_t
queue_refused_ms(struct queue *queue, const struct credentials *credentials)
{
    char name[QUEUE_REFUSED_BYTES];
    struct store_txn txn;
    int64_t at_ms;
    json_t *note;
    struct err err;

    refused_name(queue, credentials, name);
    store_begin(queue->store, &txn, false);
    note = queue_meta_get(&txn, name);
    at_ms = json_integer_value(json_object_get(note, "at"));
    json_decref(note);
    return store_end(&txn, &err) ? 0 : at_ms;
}

void
queue_set_refused(struct queue *queue, const struct credentials *credentials, int64_t at_ms)
{
    json_t *note = at_ms ? json_pack("{s:I}", "at", (json_int_t)at_ms) : NULL;
    char name[QUEUE_REFUSED_BYTES];
    struct queue_txn t;
    struct err err;

    refused_name(queue, credentials, name);
    queue_begin(queue, &t);
    queue_meta_put(&t, name, note);
    if (queue_commit(&t, &err))
        log_warning("refused credentials can't be remembered: %s", err.text);
    json_decref(note);
}

/* --- what people do --- */

int
queue_clear(struct queue *queue, unsigned *cleared, struct err *err)
{
    struct queue_txn t;
    struct order was;
    uint64_t seq = 0;

    *cleared = 0;
    queue_begin(queue, &t);
    while ((seq = first_behind(&t.txn, ORDER_PLACED, seq, &was))) {
        struct order now = was;

        now.status = ORDER_ERROR;
        now.next_attempt_ms = 0;
        text_copy(now.reason_code, sizeof now.reason_code, "cleared");
        text_copy(now.reason_text, sizeof now.reason_text, "taken out of the queue by clear_queue");
        queue_change(&t, &was, &now, &plain_remark);
        ++*cleared;
    }
    return queue_commit(&t, err);
}

static void
add_change(json_t *changes, const char *name, const char *was, const char *now)
{
    if (strcmp(was, now))
        json_object_set_new(changes, name, json_pack("[s, s]", was, now));
}

/* Reads the present order in error and lets `mend` make the new one of it. */
static int
change_error(struct queue *queue, struct order *order, const struct queue_remark *remark,
             void (*mend)(struct order *now, const struct order *wish, json_t *changes),
             struct err *err)
{
    struct queue_remark full = *remark;
    struct queue_txn t;
    struct order was, now;
    bool fits;

    full.changes = json_object();
    queue_begin(queue, &t);
    fits = queue_read(&t.txn, order->uniqueid, &was) && was.status == ORDER_ERROR;
    if (fits) {
        now = was;
        mend(&now, order, full.changes);
        if (!json_object_size(full.changes)) {
            json_decref(full.changes);
            full.changes = NULL;
        }
        if (now.status == ORDER_CREATED && now.own_credentials) {
            store_delete(&t.txn, STORE_CREDENTIALS, queue_key_text(now.uniqueid));
            now.own_credentials = false;
        }
        queue_change(&t, &was, &now, &full);
        *order = now;
        fault_here("queue.mend");
    }
    json_decref(full.changes);
    return queue_commit(&t, err) ? -1 : fits;
}

static void
mend_retry(struct order *now, const struct order *wish, json_t *changes)
{
    add_change(changes, "worksheet", now->worksheet, wish->worksheet);
    add_change(changes, "product_nr", now->product_nr, wish->product_nr);
    add_change(changes, "product_amount", now->product_amount, wish->product_amount);
    text_copy(now->worksheet, sizeof now->worksheet, wish->worksheet);
    text_copy(now->product_nr, sizeof now->product_nr, wish->product_nr);
    text_copy(now->product_amount, sizeof now->product_amount, wish->product_amount);
    now->status = ORDER_PLACED;
    if (strcmp(now->reason_code, "outcome_unknown") == 0)
        now->commit_sent = false; /* a person has looked: the line is not in the ERP */
    now->reason_code[0] = now->reason_text[0] = '\0';
    now->attempts = 0;
    now->seq = 0; /* at the end of its worksheet, like a new one */
    now->next_attempt_ms = now->retry_since_ms = 0;
    now->queued_ms = clock_wall_ms();
}

int
queue_retry(struct queue *queue, struct order *order, struct err *err)
{
    return change_error(queue, order, &plain_remark, mend_retry, err);
}

static void
mend_resolve(struct order *now, const struct order *wish, json_t *changes)
{
    (void)wish;
    (void)changes;
    now->status = ORDER_CREATED;
    now->reason_code[0] = now->reason_text[0] = '\0';
}

int
queue_resolve(struct queue *queue, struct order *order, const char *note, struct err *err)
{
    const struct queue_remark remark = {-1, note, NULL};

    return change_error(queue, order, &remark, mend_resolve, err);
}

/* --- delivery --- */

static unsigned
due_ids(struct store_txn *txn, int64_t latest_ms, char (*ids)[ORDER_VALUE_MAX + 1], unsigned limit)
{
    struct store_cursor cursor;
    unsigned count = 0;
    bool found = store_seek(&cursor, txn, STORE_DUE, (struct bytes){"", 1});

    for (; found && count < limit; found = store_next(&cursor)) {
        if (store_get_u64(cursor.key.data) > (uint64_t)latest_ms ||
            cursor.value.size > ORDER_VALUE_MAX)
            break;
        memcpy(ids[count], cursor.value.data, cursor.value.size);
        ids[count++][cursor.value.size] = '\0';
    }
    store_cursor_close(&cursor);
    return count;
}

/* Only a master key that was changed by hand can do this; the order must not block its worksheet.
 */
static void
take_unreadable(struct order *order)
{
    order->status = ORDER_ERROR;
    text_copy(order->reason_code, sizeof order->reason_code, "auth_failed");
    text_copy(order->reason_text, sizeof order->reason_text,
              "the order's credentials can't be opened with this key");
}

static bool
take_one(struct queue_txn *t, const char *uniqueid, struct queue_task *task)
{
    struct order was;

    if (!queue_read(&t->txn, uniqueid, &was))
        return false;
    task->order = was;
    task->order.next_attempt_ms = 0;
    if (queue_credentials_get(t, &was, &task->credentials)) {
        take_unreadable(&task->order);
    } else {
        task->order.status = ORDER_PROCESSING;
        task->order.attempts++;
    }
    queue_change(t, &was, &task->order, &plain_remark);
    return task->order.status == ORDER_PROCESSING;
}

int
queue_take(struct queue *queue, int64_t latest_ms, struct queue_task *tasks, unsigned limit,
           struct err *err)
{
    char(*ids)[ORDER_VALUE_MAX + 1] = mem_alloc(limit * sizeof *ids);
    struct queue_txn t;
    unsigned count = 0, due;

    queue_begin(queue, &t);
    due = due_ids(&t.txn, latest_ms, ids, limit);
    for (unsigned i = 0; i < due; i++)
        count += take_one(&t, ids[i], &tasks[count]);
    if (due)
        fault_here("queue.take");
    free(ids);
    if (due && queue_commit(&t, err) == 0)
        return (int)count;
    for (unsigned i = 0; i < count; i++)
        credentials_clear(&tasks[i].credentials);
    if (due)
        return -1;
    return store_end(&t.txn, err);
}

int64_t
queue_next_due_ms(struct queue *queue)
{
    struct store_cursor cursor;
    struct store_txn txn;
    struct err err;
    int64_t due = INT64_MAX;

    store_begin(queue->store, &txn, false);
    if (store_seek(&cursor, &txn, STORE_DUE, (struct bytes){"", 1}))
        due = (int64_t)store_get_u64(cursor.key.data);
    store_cursor_close(&cursor);
    return store_end(&txn, &err) ? INT64_MAX : due;
}

int
queue_commit_sent(struct queue *queue, struct order *order, struct err *err)
{
    struct order was = *order;
    struct queue_txn t;

    order->commit_sent = true;
    queue_begin(queue, &t);
    queue_change(&t, &was, order, NULL);
    fault_here("queue.commit_sent");
    return queue_commit(&t, err);
}

int
queue_finish(struct queue *queue, struct order *order, int64_t duration_ms, bool forget,
             struct err *err)
{
    const struct queue_remark remark = {duration_ms, NULL, NULL};
    struct queue_txn t;
    struct order was;

    queue_begin(queue, &t);
    if (queue_read(&t.txn, order->uniqueid, &was)) {
        /* *order may bear the marks of a commit that failed. */
        if (was.own_credentials && (forget || order->status == ORDER_CREATED)) {
            store_delete(&t.txn, STORE_CREDENTIALS, queue_key_text(order->uniqueid));
            order->own_credentials = false;
        }
        queue_change(&t, &was, order, &remark);
    }
    fault_here("queue.finish");
    return queue_commit(&t, err);
}

int
queue_expire(struct queue *queue, int64_t before_ms, unsigned limit, struct err *err)
{
    static const enum order_status ended[] = {ORDER_CREATED, ORDER_ERROR};
    struct queue_txn t;
    struct order order;
    int count = 0;

    queue_begin(queue, &t);
    for (size_t i = 0; i < 2; i++)
        while ((unsigned)count < limit && first_behind(&t.txn, ended[i], 0, &order) &&
               order.updated_ms < before_ms) {
            queue_remove(&t, &order);
            count++;
        }
    return queue_commit(&t, err) ? -1 : count;
}
