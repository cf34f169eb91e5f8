/* Two ways: the entries of one table, each a candidate; or blocks of texts and times, where there
 * are many entries and few of them fit. */
#include "worker/find/find.h"

#include <errno.h>
#include <string.h>

#include "worker/queue/blocks.h"
#include "worker/queue/change.h"

#define FEW 4096        /* so many candidates are looked at one by one */
#define NEWEST_LOOKED 3 /* the newest, if some of them were placed again */
#define BLOCK_EFFORT 8  /* of looking through a block, in orders */

struct step {
    struct queue *queue;
    struct store_txn txn;
    struct find *find;
    unsigned end; /* of the step, as find->looked */
    bool stopped; /* by `each` */
};

static bool
goes_on(const struct step *step)
{
    return !step->stopped && !step->txn.error && step->find->looked < step->end;
}

/* A block may name one that is gone; any other entry leads to an order. */
static void
look_at(struct step *step, uint64_t seq, bool maybe_gone)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct find *find = step->find;
    struct bytes record;
    struct order order;

    find->looked++;
    find->after = seq;
    if (maybe_gone && !store_get(&step->txn, STORE_ORDERS, queue_key_seq(key, seq), &record))
        return;
    if (queue_read_seq(&step->txn, seq, &order, NULL) && find_filter_fits(find->filter, &order))
        step->stopped = !find->each(&order, find->arg);
}

/* --- table by table --- */

static size_t
lane_key(unsigned char key[QUEUE_REASON_KEY_BYTES], const struct find_filter *filter,
         enum store_table table, uint64_t seq)
{
    return table == STORE_REASONS ? queue_key_reason(key, filter->reason_code, seq).size
                                  : queue_key_seq(key, seq).size;
}

/* The entries before find->after, down to `least`. True: there are no more. */
static bool
scan_lane(struct step *step, enum store_table table, uint64_t least)
{
    unsigned char key[QUEUE_REASON_KEY_BYTES];
    size_t size = lane_key(key, step->find->filter, table, step->find->after),
           prefix = size - QUEUE_SEQ_BYTES;
    struct store_cursor cursor;
    bool found = store_seek_before(&cursor, &step->txn, table, (struct bytes){key, size}),
         inside = true;

    while (found && goes_on(step)) {
        const unsigned char *at = cursor.key.data;

        inside = cursor.key.size == size && memcmp(at, key, prefix) == 0 &&
                 store_get_u64(at + prefix) >= least;
        if (!inside)
            break;
        look_at(step, store_get_u64(at + prefix), false);
        found = store_previous(&cursor);
    }
    store_cursor_close(&cursor);
    return !found || !inside;
}

/* --- block by block --- */

static const char *
text_or_null(const char *text)
{
    return *text ? text : NULL;
}

static void
scan_block(struct step *step, uint64_t first, const struct queue_block *block)
{
    const struct find_filter *filter = step->find->filter;
    const struct queue_needles needles = {
        text_or_null(filter->worksheet), text_or_null(filter->product_nr), text_or_null(filter->q)};
    uint64_t after = step->find->after;
    bool hits[QUEUE_BLOCK];

    queue_block_find(block, &needles, hits);
    step->find->looked += BLOCK_EFFORT;
    for (unsigned index = QUEUE_BLOCK; index-- > 0 && !step->stopped && !step->txn.error;)
        if (hits[index] && first + index < after)
            look_at(step, first + index, true);
    if (!step->stopped)
        step->find->after = first;
}

static bool
is_in_time(const struct queue_block *block, const struct find_filter *filter)
{
    return block->last_ms >= filter->from_ms && block->first_ms <= filter->to_ms;
}

static bool
scan_blocks(struct step *step)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct queue_block block;
    struct store_cursor cursor;
    bool found =
        store_seek_before(&cursor, &step->txn, STORE_BLOCKS, queue_key_seq(key, step->find->after));

    for (; found && goes_on(step); found = !step->stopped && store_previous(&cursor)) {
        uint64_t first = store_get_u64(cursor.key.data);

        if (queue_block_read(cursor.value, &block)) {
            step->txn.error = EBADMSG;
        } else if (is_in_time(&block, step->find->filter)) {
            scan_block(step, first, &block);
        } else {
            step->find->after = first;
        }
    }
    store_cursor_close(&cursor);
    return !found && !step->stopped;
}

/* The orders of the last block are in none yet. */
static bool
scan_all_blocks(struct step *step)
{
    uint64_t first = queue_block_of(step->queue->last_seq);

    if (step->find->after > first) {
        if (!scan_lane(step, STORE_ORDERS, first))
            return false;
        step->find->after = first;
    }
    return first == 0 || scan_blocks(step);
}

/* --- */

/* The table with the fewest entries; all of them are candidates. */
static enum store_table
narrowest(struct step *step, size_t *count)
{
    const struct find_filter *filter = step->find->filter;
    const enum store_table tables[] = {filter->attention ? STORE_ATTENTION : STORE_ORDERS,
                                       queue_table(filter->status),
                                       *filter->reason_code ? STORE_REASONS : STORE_ORDERS};
    enum store_table best = STORE_ORDERS;

    *count = store_count(&step->txn, best);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        size_t entries = store_count(&step->txn, tables[i]);

        if (entries <= *count) {
            best = tables[i];
            *count = entries;
        }
    }
    return best;
}

static bool
has_text_or_time(const struct find_filter *filter)
{
    return *filter->worksheet || *filter->product_nr || *filter->q ||
           filter->from_ms != INT64_MIN || filter->to_ms != INT64_MAX;
}

int
find_some(struct queue *queue, struct find *find, struct err *err)
{
    struct step step = {.queue = queue, .find = find, .end = find->looked + FIND_STEP};
    enum store_table table;
    size_t candidates;

    if (!find->newest)
        find->newest = queue->last_seq;
    if (!find->after || find->after > find->newest)
        find->after = find->newest + 1;
    store_begin(queue->store, &step.txn, false);
    table = narrowest(&step, &candidates);
    if (has_text_or_time(find->filter) && candidates > FEW)
        find->done = scan_all_blocks(&step);
    else
        find->done = scan_lane(&step, table, 0);
    find->done = find->done && !step.stopped;
    return store_end(&step.txn, err);
}

struct newest {
    int64_t placed_ms;
    unsigned looked;
};

static bool
keep_newest(const struct order *order, void *arg)
{
    struct newest *newest = arg;

    if (order->placed_ms > newest->placed_ms)
        newest->placed_ms = order->placed_ms;
    return ++newest->looked < NEWEST_LOOKED;
}

int64_t
find_newest_attention(struct queue *queue)
{
    struct newest newest = {0};
    struct find_filter filter;
    struct find find = {.filter = &filter, .each = keep_newest, .arg = &newest};
    struct err err;

    find_filter_any(&filter);
    filter.attention = true;
    return find_some(queue, &find, &err) ? 0 : newest.placed_ms;
}

bool
find_disturbed(struct queue *queue, const struct find *find)
{
    uint64_t seq = find->newest;
    unsigned char key[QUEUE_SEQ_BYTES];
    struct store_cursor cursor;
    struct store_txn txn;
    struct order order;
    bool moved = false, found;
    struct err err;

    store_begin(queue->store, &txn, false);
    found = store_seek(&cursor, &txn, STORE_ORDERS, queue_key_seq(key, seq + 1));
    for (; found && !moved; found = store_next(&cursor))
        moved = record_decode_order(cursor.key, cursor.value, &order, NULL) == 0 &&
                order.born <= find->newest;
    store_cursor_close(&cursor);
    return store_end(&txn, &err) || moved;
}
