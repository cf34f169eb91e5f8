/* Time as the queue lives it. The wall clock may be wrong, by years,
 * and for seconds or weeks: nothing is given up or forgotten on its word alone. */
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/queue/change.h"
#include "worker/queue/record.h"

#define DAY_MS 86400000LL
#define PACE 4 /* so a machine that is switched on for six hours a day keeps up */
#define AGREE_MS 3600000LL

/* --- how long it has run --- */

int64_t
queue_run_ms(const struct queue *queue)
{
    const struct queue_time *time = &queue->time;

    return time->run_ms + (time->run_from_ms ? clock_monotonic_ms() - time->run_from_ms : 0);
}

void
queue_set_running(struct queue *queue, bool running)
{
    queue->time.run_ms = queue_run_ms(queue);
    queue->time.run_from_ms = running ? clock_monotonic_ms() : 0;
}

/* --- on disk --- */

/* The newest order of a queue from an earlier version shows which time it has been at least. A
 * record that is damaged is for who needs it to find. */
static int64_t
newest_ms(struct store_txn *txn)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct store_cursor cursor;
    struct order order;
    int64_t at_ms = clock_wall_ms();

    if (store_seek_before(&cursor, txn, STORE_ORDERS, queue_key_seq(key, UINT64_MAX)) &&
        record_decode_order(cursor.key, cursor.value, &order, NULL) == 0 &&
        order.updated_ms < at_ms)
        at_ms = order.updated_ms;
    store_cursor_close(&cursor);
    return at_ms;
}

void
queue_time_open(struct queue *queue, struct store_txn *txn)
{
    struct queue_time *time = &queue->time;
    json_t *note = queue_meta_get(txn, QUEUE_META_TIME);

    *time = (struct queue_time){.run_ms = 1};
    if (note) {
        time->run_ms = json_integer_value(json_object_get(note, "run_ms"));
        time->trusted_ms = json_integer_value(json_object_get(note, "trusted_ms"));
        time->day = json_integer_value(json_object_get(note, "day"));
        time->removed = (unsigned)json_integer_value(json_object_get(note, "removed"));
    } else {
        time->trusted_ms = newest_ms(txn);
    }
    json_decref(note);
}

void
queue_time_put(struct queue_txn *t)
{
    const struct queue_time *time = &t->queue->time;
    json_t *note = json_pack("{s:I s:I s:I s:I}", "run_ms", (json_int_t)queue_run_ms(t->queue),
                             "trusted_ms", (json_int_t)time->trusted_ms, "day",
                             (json_int_t)time->day, "removed", (json_int_t)time->removed);

    queue_meta_put(t, QUEUE_META_TIME, note);
    json_decref(note);
}

/* --- which time it is at least --- */

static int64_t
towards(int64_t from, int64_t to, int64_t step)
{
    if (to > from)
        return to - from > step ? from + step : to;
    return from - to > step ? from - step : to;
}

int64_t
queue_reckon_ms(const struct queue *queue, int64_t wall_ms, int64_t monotonic_ms)
{
    const struct queue_time *time = &queue->time;
    int64_t lived_ms = time->trusted_at_ms ? monotonic_ms - time->trusted_at_ms : 0;

    return towards(time->trusted_ms, wall_ms, PACE * lived_ms);
}

int64_t
queue_trusted_ms(struct queue *queue, int64_t wall_ms, int64_t monotonic_ms)
{
    struct queue_time *time = &queue->time;
    struct queue_txn t;
    struct err err;

    queue_settle(queue);
    time->trusted_ms = queue_reckon_ms(queue, wall_ms, monotonic_ms);
    time->trusted_at_ms = monotonic_ms;
    if (time->day != time->trusted_ms / DAY_MS) {
        time->day = time->trusted_ms / DAY_MS;
        time->removed = 0;
    }
    queue_begin(queue, &t);
    queue_time_put(&t);
    if (queue_commit(&t, &err))
        log_warning("cannot store the time: %s", err.text);
    return time->trusted_ms < wall_ms ? time->trusted_ms : wall_ms;
}

bool
queue_disk_agrees(const struct queue *queue, int64_t wall_ms)
{
    char *path = mem_format("%s/data.mdb", queue->folder);
    struct stat file;
    bool known = stat(path, &file) == 0;

    free(path);
    return known && llabs(file.st_mtim.tv_sec * 1000LL - wall_ms) < AGREE_MS;
}
