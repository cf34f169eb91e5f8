/* Callbacks that the receiver is still owed, in the order of each worksheet. Who posts them, and
 * when, is worker/callback's. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "worker/queue/change.h"

#define ID_BYTES 16 /* random */

static void
new_id(char id[QUEUE_CALLBACK_ID_BYTES])
{
    static const char prefix[] = "msg_";
    unsigned char bytes[ID_BYTES];

    secret_random(bytes, sizeof bytes);
    memcpy(id, prefix, sizeof prefix);
    sodium_bin2hex(id + sizeof prefix - 1, QUEUE_CALLBACK_ID_BYTES - sizeof prefix + 1, bytes,
                   sizeof bytes);
}

static struct bytes
key_of(unsigned char key[QUEUE_WORKSHEET_KEY_BYTES], const struct queue_callback *callback)
{
    return queue_key_worksheet(key, callback->worksheet, callback->number);
}

/* False: no key of this table is so. */
static bool
read_key(struct bytes key, struct queue_callback *callback)
{
    size_t length = key.size > QUEUE_SEQ_BYTES + 1 ? key.size - QUEUE_SEQ_BYTES - 1 : 0;

    if (!length || length > ORDER_VALUE_MAX)
        return false;
    memcpy(callback->worksheet, key.data, length + 1);
    callback->number = store_get_u64((const unsigned char *)key.data + length + 1);
    return strlen(callback->worksheet) == length;
}

/* One more than the last one of its worksheet. */
static uint64_t
next_number(struct store_txn *txn, const char *worksheet)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];
    struct queue_callback last = {.number = 0};
    struct store_cursor cursor;
    bool found = store_seek_before(&cursor, txn, STORE_CALLBACKS,
                                   queue_key_worksheet(key, worksheet, UINT64_MAX)) &&
                 read_key(cursor.key, &last) && strcmp(last.worksheet, worksheet) == 0;

    store_cursor_close(&cursor);
    return found ? last.number + 1 : 1;
}

static json_t *
record_of(const struct queue *queue, const struct order *order)
{
    int64_t wall_ms = clock_wall_ms(),
            trusted_ms = queue_reckon_ms(queue, wall_ms, clock_monotonic_ms());
    char id[QUEUE_CALLBACK_ID_BYTES];

    new_id(id);
    return json_pack("{s:s s:I s:I s:o}", "id", id, "wall_ms", (json_int_t)wall_ms, "trusted_ms",
                     (json_int_t)trusted_ms, "body", order_json(order, queue->callbacks));
}

void
queue_callback_add(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];
    struct bytes key_bytes, record;
    json_t *content;

    if (!t->queue->callbacks || failpoint("mutant.no_callback"))
        return;
    key_bytes = queue_key_worksheet(key, order->worksheet, next_number(&t->txn, order->worksheet));
    content = record_of(t->queue, order);
    record = record_encode(key_bytes, content);
    store_put(&t->txn, STORE_CALLBACKS, key_bytes, record);
    t->callbacks_waiting++;
    free((void *)record.data);
    json_decref(content);
}

void
queue_call_back(struct queue *queue, const char *workshop)
{
    struct queue_txn t;
    struct err err;

    free(queue->callbacks);
    queue->callbacks = workshop ? mem_string(workshop) : NULL;
    if (workshop) {
        queue_trusted_ms(queue, clock_wall_ms(), clock_monotonic_ms());
        return;
    }
    if (!queue->callbacks_waiting)
        return;
    log_warning("dropping %u callbacks: the configuration no longer names a receiver",
                queue->callbacks_waiting);
    queue_begin(queue, &t);
    store_clear(&t.txn, STORE_CALLBACKS);
    t.callbacks_waiting = 0;
    if (queue_commit(&t, &err))
        log_warning("cannot drop the callbacks: %s", err.text);
}

unsigned
queue_callbacks_waiting(const struct queue *queue)
{
    return queue->callbacks_waiting;
}

static int64_t
lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Both clocks: neither a wrong wall clock nor a machine that was off makes it old. */
static int64_t
age_of(const struct queue *queue, const json_t *content)
{
    int64_t wall_ms = clock_wall_ms(),
            trusted_ms = queue_reckon_ms(queue, wall_ms, clock_monotonic_ms());
    json_int_t since_ms = json_integer_value(json_object_get(content, "wall_ms")),
               trusted_since_ms = json_integer_value(json_object_get(content, "trusted_ms"));
    int64_t age_ms = lesser(wall_ms - since_ms, trusted_ms - trusted_since_ms);

    return age_ms > 0 ? age_ms : 0;
}

/* The content; its key has been read. */
static bool
read_content(const struct queue *queue, const struct store_cursor *cursor,
             struct queue_callback *callback)
{
    json_t *content = record_decode(cursor->key, cursor->value);
    const char *id = json_string_value(json_object_get(content, "id"));
    json_t *body = json_object_get(content, "body");

    if (id && body) {
        text_copy(callback->id, sizeof callback->id, id);
        callback->age_ms = age_of(queue, content);
        callback->body = json_dumps(body, JSON_COMPACT);
    }
    json_decref(content);
    return callback->body;
}

/* To the first entry of the next worksheet; "": the first one of all. */
static bool
seek_behind(struct store_cursor *cursor, struct store_txn *txn, const char *worksheet)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];

    return store_seek(cursor, txn, STORE_CALLBACKS,
                      *worksheet ? queue_key_worksheet(key, worksheet, UINT64_MAX)
                                 : (struct bytes){NULL, 0});
}

int
queue_callback_next(struct queue *queue, const char *after,
                    bool (*skip)(const char *worksheet, void *arg), void *arg,
                    struct queue_callback *callback, struct err *err)
{
    struct store_cursor cursor;
    struct store_txn txn;
    bool found;

    *callback = (struct queue_callback){.body = NULL};
    store_begin(queue->store, &txn, false);
    found = seek_behind(&cursor, &txn, after);
    while (found && read_key(cursor.key, callback) && skip(callback->worksheet, arg)) {
        store_cursor_close(&cursor);
        found = seek_behind(&cursor, &txn, callback->worksheet);
    }
    if (found && !read_content(queue, &cursor, callback))
        txn.error = EBADMSG;
    store_cursor_close(&cursor);
    if (store_end(&txn, err) == 0)
        return found;
    free(callback->body);
    callback->body = NULL;
    return -1;
}

int
queue_callbacks_done(struct queue *queue, const struct queue_callback *const *callbacks,
                     size_t count, struct err *err)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];
    struct queue_txn t;

    queue_begin(queue, &t);
    for (size_t i = 0; i < count; i++)
        store_delete(&t.txn, STORE_CALLBACKS, key_of(key, callbacks[i]));
    t.callbacks_waiting -= (unsigned)count;
    failpoint_here("queue.callbacks_done");
    return queue_commit(&t, err);
}
