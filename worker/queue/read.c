/* What is in the queue: orders, pages of them, histories, figures, and the queue's notes about
 * itself. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/queue/change.h"
#include "worker/queue/record.h"

/* --- from indexes to orders and lines: what an index names must be there --- */

enum store_table
queue_table(enum order_status status)
{
    static const enum store_table tables[] = {STORE_ORDERS,
                                              [ORDER_PLACED] = STORE_PLACED,
                                              [ORDER_PROCESSING] = STORE_PROCESSING,
                                              [ORDER_CREATED] = STORE_CREATED,
                                              [ORDER_ERROR] = STORE_ERROR,
                                              [QUEUE_ATTENTION] = STORE_ATTENTION};

    return tables[status];
}

static bool
damaged(struct store_txn *txn, const char *uniqueid, const char *what)
{
    if (!txn->error) {
        log_write(LOG_ERROR, LOG_API, uniqueid, "%s", what);
        txn->error = EBADMSG;
    }
    return false;
}

bool
queue_read_record(struct store_txn *txn, uint64_t seq, struct order *order, struct bytes *sealed)
{
    unsigned char buffer[QUEUE_SEQ_BYTES];
    struct bytes key = queue_key_seq(buffer, seq), record;

    if (!store_get(txn, STORE_ORDERS, key, &record))
        return damaged(txn, NULL, "the record of an order is missing");
    return record_decode_order(key, record, order, sealed) == 0 ||
           damaged(txn, NULL, "the record of an order is damaged");
}

/* An order is listed or delivered only if its uniqueid finds it. */
bool
queue_read_seq(struct store_txn *txn, uint64_t seq, struct order *order, struct bytes *sealed)
{
    struct bytes seq_key;

    if (!queue_read_record(txn, seq, order, sealed))
        return false;
    return (store_get(txn, STORE_IDS, queue_key_text(order->uniqueid), &seq_key) &&
            seq_key.size == QUEUE_SEQ_BYTES && store_get_u64(seq_key.data) == seq) ||
           damaged(txn, order->uniqueid, "the index entry of this order is damaged");
}

static bool
read_found(struct store_txn *txn, const char *uniqueid, struct bytes seq_key, struct order *order)
{
    if (seq_key.size != QUEUE_SEQ_BYTES)
        return damaged(txn, uniqueid, "the index entry of this order is damaged");
    if (!queue_read_record(txn, store_get_u64(seq_key.data), order, NULL))
        return false;
    return strcmp(order->uniqueid, uniqueid) == 0 ||
           damaged(txn, uniqueid, "the index entry of this order points to another order");
}

bool
queue_read(struct store_txn *txn, const char *uniqueid, struct order *order)
{
    struct bytes seq_key;

    return store_get(txn, STORE_IDS, queue_key_text(uniqueid), &seq_key) &&
           read_found(txn, uniqueid, seq_key, order);
}

uint64_t
queue_newest_seq(struct store_txn *txn)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct store_cursor cursor;
    uint64_t seq = 0;

    if (store_seek_before(&cursor, txn, STORE_ORDERS, queue_key_seq(key, UINT64_MAX)))
        seq = store_get_u64(cursor.key.data);
    store_cursor_close(&cursor);
    return seq;
}

uint64_t
queue_first_behind(struct store_txn *txn, enum order_status status, uint64_t seq,
                   struct order *order)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct store_cursor cursor;
    uint64_t found = 0;

    if (store_seek(&cursor, txn, queue_table(status), queue_key_seq(key, seq + 1)) &&
        queue_read_seq(txn, store_get_u64(cursor.key.data), order, NULL))
        found = order->seq;
    store_cursor_close(&cursor);
    return found;
}

bool
queue_history_from(struct store_txn *txn, uint64_t born, uint32_t *number, struct bytes *record)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];
    struct bytes from = queue_key_history(key, born, *number);
    struct store_cursor cursor;
    bool found = store_seek(&cursor, txn, STORE_HISTORY, from) && cursor.key.size == from.size &&
                 memcmp(cursor.key.data, key, QUEUE_SEQ_BYTES) == 0;

    if (found) {
        const unsigned char *at = (const unsigned char *)cursor.key.data + QUEUE_SEQ_BYTES;

        *number = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        *record = cursor.value;
    }
    store_cursor_close(&cursor);
    return found;
}

/* --- for the API --- */

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
    found = queue_first_behind(&txn, ORDER_PLACED, 0, &order);
    return store_end(&txn, &err) || !found ? 0 : order.queued_ms;
}

/* One status's entries, walked in the page's direction. */
struct lane {
    struct store_cursor cursor;
    bool open;
};

static uint64_t
lane_seq(const struct lane *lane)
{
    return store_get_u64(lane->cursor.key.data);
}

static void
lane_open(struct lane *lane, struct store_txn *txn, const struct queue_page *page, unsigned status)
{
    enum store_table table = queue_table((enum order_status)status);
    unsigned char key[QUEUE_SEQ_BYTES];

    if (!page->newest_first)
        lane->open = store_seek(&lane->cursor, txn, table, queue_key_seq(key, page->after + 1));
    else
        lane->open = store_seek_before(&lane->cursor, txn, table,
                                       queue_key_seq(key, page->after ? page->after : UINT64_MAX));
}

static void
lane_step(struct lane *lane, const struct queue_page *page)
{
    lane->open = page->newest_first ? store_previous(&lane->cursor) : store_next(&lane->cursor);
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
        if (queue_read_seq(&txn, page->next, &order, NULL))
            page->each(&order, page->arg);
        lane_step(lane, page);
    }
    if (!lane)
        page->next = 0;
    for (size_t i = 0; i < lane_count; i++)
        store_cursor_close(&lanes[i].cursor);
    return store_end(&txn, err);
}

static void
add_line(json_t *history, json_t *line)
{
    if (line)
        json_array_append_new(history, queue_line_shown(line));
    json_decref(line);
}

static void
add_lines(struct store_txn *txn, const struct order *order, json_t *history)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];
    struct bytes record;

    for (uint32_t i = 0;
         queue_history_from(txn, order->born, &i, &record) && i < order->history_length; i++) {
        if (i && !json_array_size(history))
            add_line(history, queue_first_line(order));
        add_line(history, record_decode(queue_key_history(key, order->born, i), record));
    }
    if (!json_array_size(history) && order->history_length)
        add_line(history, queue_first_line(order));
}

int
queue_history(struct queue *queue, const char *uniqueid, json_t **history, struct err *err)
{
    struct store_txn txn;
    struct order order;
    bool found;

    *history = json_array();
    store_begin(queue->store, &txn, false);
    found = queue_read(&txn, uniqueid, &order);
    if (found)
        add_lines(&txn, &order, *history);
    if (store_end(&txn, err) == 0)
        return found;
    json_decref(*history);
    return -1;
}

/* --- notes --- */

json_t *
queue_salvaged(struct queue *queue)
{
    const char *file = json_string_value(json_object_get(queue->salvaged, "file"));
    const char *name = file ? strrchr(file, '/') : NULL;
    char *path = name ? mem_format("%s%s", queue->folder, name) : NULL;
    bool there = path && access(path, F_OK) == 0;

    free(path);
    return there ? json_incref(queue->salvaged) : NULL;
}

bool
queue_broken(const struct queue *queue)
{
    return store_broken(queue->store);
}

const char *
queue_folder(const struct queue *queue)
{
    return queue->folder;
}

char *
queue_backup(struct queue *queue, struct err *err)
{
    char *name = mem_format(QUEUE_BACKUP "%lld.mdb", (long long)clock_wall_ms());
    char *path = mem_format("%s/%s", queue->folder, name);
    int result;

    queue_settle(queue);
    result = store_copy(queue->store, path, err);
    free(path);
    if (result == 0)
        return name;
    free(name);
    return NULL;
}

void
queue_remove_backups(const char *folder)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries)))
        if (strncmp(entry->d_name, QUEUE_BACKUP, strlen(QUEUE_BACKUP)) == 0 &&
            unlinkat(dirfd(entries), entry->d_name, 0) == 0)
            log_info("removed %s, left over from an interrupted backup", entry->d_name);
    if (entries)
        closedir(entries);
}
