/* Opening, taking orders and clearing. Reading is read.c's, delivery due.c's, what people do to
 * orders in error corrections.c's; how a change is written is change.c's. */
#include "worker/queue/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/order/reason.h"
#include "worker/queue/keys.h"

/* A fast disk takes less for a group. To go on sooner would not serve reads noticeably earlier, but
 * make the next group smaller: more transactions for the same orders. */
#define PATIENCE_MS 2
/* A disk is slow if a commit takes longer. On any other, a single order is committed in the loop:
 * two context switches would halve the rate of a hundred workshops under load at once. */
#define SLOW_MS 100

/* --- opening --- */

static uint64_t
note_seq(struct store_txn *txn, const char *name)
{
    json_t *note = queue_meta_get(txn, name);
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(note, "seq"));
    struct bytes record;

    /* Without it, orders would wait for ever. */
    if (!note && store_get(txn, STORE_META, queue_key_text(name), &record))
        txn->error = EBADMSG;
    json_decref(note);
    return seq;
}

/* The same effort for any number of orders. */
static void
open_figures(struct queue *queue, struct store_txn *txn)
{
    uint64_t given = note_seq(txn, QUEUE_META_LAST);

    for (int status = 0; status <= (int)QUEUE_ATTENTION; status++)
        queue->counts[status] = (unsigned)store_count(txn, queue_table((enum order_status)status));
    queue->last_seq = queue_newest_seq(txn);
    if (queue->last_seq < given)
        queue->last_seq = given;
    queue->backlog = note_seq(txn, QUEUE_META_BACKLOG);
}

static int
recover(struct queue *queue, struct err *err)
{
    static const struct queue_remark remark = {.duration_ms = -1,
                                               .note = "the worker ended during this attempt"};
    struct queue_txn t;
    struct order was;

    if (failpoint("mutant.no_recovery"))
        return 0;
    failpoint_here("queue.recover");
    queue_begin(queue, &t);
    while (queue_first_behind(&t.txn, ORDER_PROCESSING, 0, &was)) {
        struct order now = was;

        now.status = ORDER_PLACED;
        now.next_attempt_ms = 0;
        queue_change(&t, &was, &now, &remark);
        log_each(LOG_INFO, LOG_ORDERLINE, now.uniqueid,
                 "processing -> placed: the last worker ended during the attempt");
    }
    return queue_commit(&t, err);
}

/* Want of room must not keep it from serving: both keys are still there. */
static int
open_keys(struct queue *queue, struct err *err)
{
    queue->rekeyed = queue_keys_open(queue, err) == 0;
    if (queue->rekeyed)
        return 0;
    log_warning("cannot seal the queue with the new key now: %s", err->text);
    return queue_broken(queue) ? -1 : 0;
}

bool
queue_rekeyed(struct queue *queue)
{
    if (queue->rekeyed)
        queue->keys.old = NULL;
    return queue->rekeyed;
}

struct queue *
queue_open(const char *folder, unsigned map_mib, const struct queue_keys *keys, struct err *err)
{
    struct queue *queue = mem_alloc(sizeof *queue);
    struct store_txn txn;

    queue->keys = *keys;
    queue->folder = mem_string(folder);
    queue->helper = helper_new();
    queue->slow_disk = true;
    queue->store = store_open(folder, map_mib, err);
    if (queue->store) {
        store_begin(queue->store, &txn, false);
        open_figures(queue, &txn);
        queue->salvaged = queue_meta_get(&txn, QUEUE_META_SALVAGED);
        queue_time_open(queue, &txn);
        queue->callbacks_waiting = (unsigned)store_count(&txn, STORE_CALLBACKS);
        if (store_end(&txn, err) == 0 && recover(queue, err) == 0 && open_keys(queue, err) == 0) {
            queue_remove_backups(folder);
            return queue;
        }
    }
    queue_close(queue);
    return NULL;
}

void
queue_close(struct queue *queue)
{
    if (!queue)
        return;
    queue_put_end(queue);
    helper_free(queue->helper);
    store_close(queue->store);
    secret_free(queue->hash_key);
    json_decref(queue->salvaged);
    free(queue->check);
    free(queue->callbacks);
    free(queue->events);
    free(queue->folder);
    free(queue);
}

/* --- taking orders --- */

/* Perhaps in the helper thread, while the loop reads. So there are no secrets, no log lines and
 * no answers in here. */
static void
put_group(void *arg)
{
    struct queue_group *group = arg;
    struct queue_txn *t = &group->t;

    queue_begin_group(t->queue, t);
    for (size_t i = 0; i < group->count; i++) {
        struct queue_put *put = &group->puts[i];

        put->answer = !group->full && queue_insert(t, put->order, put->sealed) ? QUEUE_PLACED
                                                                               : QUEUE_DUPLICATE;
        put->queue_length = t->counts[ORDER_PLACED] + t->counts[ORDER_PROCESSING];
    }
    failpoint_here("queue.put");
    if (failpoint("mutant.no_put"))
        store_abort(&t->txn);
    else
        queue_write(t);
}

static void
prepare(struct queue *queue, struct queue_put *put)
{
    unsigned char buffer[RECORD_SEALED_MAX];
    struct bytes sealed = queue_seal(&queue->keys, put->order, put->credentials, buffer);

    put->sealed = (struct bytes){NULL, sealed.size};
    if (sealed.size)
        put->sealed.data = memcpy(mem_alloc(sealed.size), sealed.data, sealed.size);
    put->order->placed_ms = put->order->queued_ms = clock_wall_ms();
}

/* It was not inserted: its uniqueid is known, or there is no room. */
static void
compare(struct queue *queue, struct queue_put *put, const char *full)
{
    struct order present;
    int found = queue_get(queue, put->order->uniqueid, &present, &put->err);

    if (found > 0) {
        put->answer = order_same_content(&present, put->order) ? QUEUE_DUPLICATE : QUEUE_CONFLICT;
        *put->order = present;
        return;
    }
    put->answer = QUEUE_REFUSED;
    if (!found)
        err_set(&put->err, full ? full : "storage", "%s",
                full ? "no space left for another order" : "it was just removed");
}

static void
finish_group(struct queue *queue)
{
    struct queue_group *group = &queue->group;

    queue_settle(queue);
    if (!group->count)
        return;
    queue->slow_disk = clock_monotonic_ms() - group->began_ms > SLOW_MS;
    if (group->failed)
        log_error("cannot store %zu orders: %s", group->count, group->err.text);
    for (size_t i = 0; i < group->count; i++) {
        struct queue_put *put = &group->puts[i];

        free((void *)put->sealed.data);
        if (group->failed) {
            put->answer = QUEUE_REFUSED;
            put->err = group->err;
        } else if (put->answer == QUEUE_DUPLICATE) {
            compare(queue, put, group->full);
        }
    }
    group->count = 0;
}

static void
prepare_all(struct queue *queue, struct queue_put *puts, size_t count)
{
    finish_group(queue);
    queue->group = (struct queue_group){.t = {.queue = queue},
                                        .puts = puts,
                                        .count = count,
                                        .full = store_full(queue->store),
                                        .began_ms = clock_monotonic_ms(),
                                        .under_way = true};
    for (size_t i = 0; i < count; i++)
        prepare(queue, &puts[i]);
}

bool
queue_put_start(struct queue *queue, struct queue_put *puts, size_t count)
{
    prepare_all(queue, puts, count);
    if (queue->group.full || (count == 1 && !queue->slow_disk) ||
        !helper_start(queue->helper, put_group, &queue->group))
        put_group(&queue->group);
    else if (!helper_wait_ms(queue->helper, PATIENCE_MS))
        return true;
    finish_group(queue);
    return false;
}

void
queue_put_end(struct queue *queue)
{
    finish_group(queue);
    helper_heard(queue->helper);
}

int
queue_put_fd(const struct queue *queue)
{
    return helper_fd(queue->helper);
}

void
queue_put(struct queue *queue, struct queue_put *puts, size_t count)
{
    prepare_all(queue, puts, count);
    put_group(&queue->group);
    finish_group(queue);
}

/* --- what people do --- */

int
queue_clear(struct queue *queue, uint64_t last, unsigned limit, const struct author *by,
            struct err *err)
{
    const struct queue_remark remark = {.duration_ms = -1, .by = by};
    struct queue_txn t;
    struct order was;
    uint64_t seq = 0;
    unsigned count = 0;

    queue_begin(queue, &t);
    while (count < limit && (seq = queue_first_behind(&t.txn, ORDER_PLACED, seq, &was)) &&
           seq <= last) {
        struct order now = was;

        now.status = ORDER_ERROR;
        now.next_attempt_ms = 0;
        text_copy(now.reason_code, sizeof now.reason_code, REASON_CLEARED);
        text_copy(now.reason_text, sizeof now.reason_text,
                  was.commit_sent ? "removed from the queue by clear_queue; the line may be in the "
                                    "ERP: a retry looks it up"
                                  : "removed from the queue by clear_queue");
        queue_change(&t, &was, &now, &remark);
        count++;
    }
    failpoint_here("queue.clear");
    return queue_commit(&t, err) ? -1 : (int)count;
}

uint64_t
queue_last_seq(const struct queue *queue)
{
    return queue->last_seq;
}
