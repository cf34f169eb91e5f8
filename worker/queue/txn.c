/* Transactions of the queue: its counters change when they are on disk. Its own notes, and those
 * of other parts of the worker, each under its own name. */
#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/queue/change.h"

struct bytes
queue_key_worksheet(unsigned char key[QUEUE_WORKSHEET_KEY_BYTES], const char *worksheet,
                    uint64_t seq)
{
    size_t length = strlen(worksheet) + 1;

    memcpy(key, worksheet, length);
    store_put_u64(key + length, seq);
    return (struct bytes){key, length + QUEUE_SEQ_BYTES};
}

struct bytes
queue_key_reason(unsigned char key[QUEUE_REASON_KEY_BYTES], const char *reason, uint64_t seq)
{
    size_t length = strlen(reason) + 1;

    memcpy(key, reason, length);
    store_put_u64(key + length, seq);
    return (struct bytes){key, length + QUEUE_SEQ_BYTES};
}

struct bytes
queue_key_due(unsigned char key[QUEUE_DUE_KEY_BYTES], const struct order *order)
{
    store_put_u64(key, (uint64_t)order->next_attempt_ms);
    store_put_u64(key + 8, order->seq);
    return (struct bytes){key, QUEUE_DUE_KEY_BYTES};
}

void
queue_record_put(struct queue_txn *t, enum store_table table, struct bytes key, json_t *content)
{
    struct bytes record = record_encode(key, content);

    store_put(&t->txn, table, key, record);
    free((void *)record.data);
    json_decref(content);
}

void
queue_meta_put(struct queue_txn *t, const char *name, const json_t *note)
{
    if (note)
        queue_record_put(t, STORE_META, queue_key_text(name), json_incref((json_t *)note));
    else
        store_delete(&t->txn, STORE_META, queue_key_text(name));
}

json_t *
queue_meta_get(struct store_txn *txn, const char *name)
{
    struct bytes record;

    return store_get(txn, STORE_META, queue_key_text(name), &record)
               ? record_decode(queue_key_text(name), record)
               : NULL;
}

void
queue_begin_group(struct queue *queue, struct queue_txn *t)
{
    t->queue = queue;
    t->last_seq = queue->last_seq;
    t->backlog = queue->backlog;
    t->callbacks_waiting = queue->callbacks_waiting;
    queue->event_count = 0;
    memcpy(t->counts, queue->counts, sizeof t->counts);
    store_begin(queue->store, &t->txn, true);
}

void
queue_begin(struct queue *queue, struct queue_txn *t)
{
    queue_settle(queue);
    queue_begin_group(queue, t);
}

static void
put_backlog(struct queue_txn *t)
{
    json_t *note = t->backlog ? json_pack("{s:I}", "seq", (json_int_t)t->backlog) : NULL;

    queue_meta_put(t, QUEUE_META_BACKLOG, note);
    json_decref(note);
}

void
queue_write(struct queue_txn *t)
{
    if (t->backlog != t->queue->backlog)
        put_backlog(t);
    store_write(&t->txn);
}

static int
written(struct queue_txn *t, struct err *err)
{
    if (store_end(&t->txn, err))
        return -1;
    failpoint_here("queue.committed");
    t->queue->last_seq = t->last_seq;
    t->queue->backlog = t->backlog;
    t->queue->callbacks_waiting = t->callbacks_waiting;
    for (size_t i = 0; i < t->queue->event_count; i++)
        t->queue->on_event(&t->queue->events[i], t->queue->on_event_arg);
    t->queue->event_count = 0;
    memcpy(t->queue->counts, t->counts, sizeof t->counts);
    return 0;
}

int
queue_commit(struct queue_txn *t, struct err *err)
{
    queue_write(t);
    return written(t, err);
}

void
queue_settle(struct queue *queue)
{
    struct queue_group *group = &queue->group;

    if (!group->under_way)
        return;
    helper_wait(queue->helper);
    group->under_way = false;
    group->failed = written(&group->t, &group->err) != 0;
}

void
queue_observe(struct queue *queue, void (*on_event)(const struct queue_event *event, void *arg),
              void *arg)
{
    queue->on_event = on_event;
    queue->on_event_arg = arg;
}

void
queue_event_note(struct queue *queue, const struct order *order, int64_t duration_ms)
{
    struct queue_event *event;

    if (!queue->on_event)
        return;
    if (queue->event_count == queue->event_size) {
        queue->event_size = 2 * queue->event_size + 16;
        queue->events = mem_resize(queue->events, queue->event_size * sizeof *queue->events);
    }
    event = &queue->events[queue->event_count++];
    event->status = order->status;
    event->duration_ms = duration_ms;
    text_copy(event->uniqueid, sizeof event->uniqueid, order->uniqueid);
    text_copy(event->reason_code, sizeof event->reason_code, order->reason_code);
}

/* --- notes of other parts --- */

json_t *
queue_kept(struct queue *queue, const char *name)
{
    struct store_txn txn;
    json_t *note;
    struct err err;

    store_begin(queue->store, &txn, false);
    note = queue_meta_get(&txn, name);
    if (store_end(&txn, &err))
        log_warning("cannot read the note \"%s\" of the queue: %s", name, err.text);
    return note;
}

int
queue_keep(struct queue *queue, const char *name, const json_t *note, struct err *err)
{
    struct queue_txn t;

    queue_begin(queue, &t);
    queue_meta_put(&t, name, note);
    return queue_commit(&t, err);
}
