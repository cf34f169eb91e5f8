/* Two passes: orders, then what belongs to them. */
#include "worker/salvage/take_over.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/order/reason.h"
#include "worker/queue/blocks.h"
#include "worker/queue/keys.h"
#include "worker/salvage/damaged_pages.h"
#include "worker/salvage/format_1.h"
#include "worker/salvage/reader.h"

#define BLOCKS_AT_ONCE 64
#define AT_ONCE 2000 /* entries in one transaction: bounds the memory */

static const char in_doubt[] =
    "salvaged from a damaged queue: look up in the ERP whether the line exists";

static bool
is_newer(const struct order *a, const struct order *b)
{
    if (a->history_length != b->history_length)
        return a->history_length > b->history_length;
    return a->updated_ms > b->updated_ms;
}

static bool
is_for_a_person(const struct order *order)
{
    return order->status == ORDER_ERROR && strcmp(order->reason_text, in_doubt) == 0;
}

/* The place that an order had. Outside the tree an old one's may be another's by now. */
static void
take_place(struct salvage *s, struct order *order, const struct order *present)
{
    if (present) {
        order->seq = present->seq;
        order->born = present->born;
    } else if (!s->from_tree) {
        order->seq = 0;
    } else if (!order->born) {
        order->born = order->seq;
    }
    if (order->seq > s->t.last_seq)
        s->t.last_seq = order->seq;
    if (order->born > s->t.last_seq)
        s->t.last_seq = order->born;
}

static void
take_order(struct salvage *s, struct order *order, struct bytes sealed)
{
    struct order present;
    struct bytes anew = {NULL, 0};
    bool known = queue_read(&s->t.txn, order->uniqueid, &present);

    if (known && (s->from_tree || !is_newer(order, &present)))
        return;
    if (!s->from_tree && (order->status == ORDER_PLACED || order->status == ORDER_PROCESSING)) {
        order->status = ORDER_ERROR;
        order->next_attempt_ms = 0;
        text_copy(order->reason_code, sizeof order->reason_code, REASON_OUTCOME_UNKNOWN);
        text_copy(order->reason_text, sizeof order->reason_text, in_doubt);
    }
    /* A page may hold an earlier state of it, which was taken first. */
    s->for_a_person += is_for_a_person(order);
    s->for_a_person -= known && is_for_a_person(&present);
    take_place(s, order, known ? &present : NULL);
    anew = queue_reseal(s->keys, order->uniqueid, sealed);
    queue_store_sealed(&s->t, known ? &present : NULL, order, anew.data ? &anew : &sealed);
    free((void *)anew.data);
    s->orders += !known;
}

static void
put_line(struct salvage *s, uint64_t born, uint32_t number, const json_t *line)
{
    unsigned char buffer[QUEUE_HISTORY_KEY_BYTES];
    struct bytes key = queue_key_history(buffer, born, number), record = record_encode(key, line);

    store_put(&s->t.txn, STORE_HISTORY, key, record);
    free((void *)record.data);
}

/* Less what goes without saying. */
static void
take_line(struct salvage *s, const struct order *order, uint32_t number, json_t *line)
{
    json_t *first = queue_first_line(order), *value;
    const char *name;
    void *next;

    json_object_foreach_safe(line, next, name, value)
    {
        if (json_is_null(value))
            json_object_del(line, name);
    }
    if (number || !json_equal(line, first))
        put_line(s, order->born, number, line);
    json_decref(first);
}

static void
take_credentials(struct salvage *s, struct bytes key, struct bytes sealed)
{
    struct bytes anew = {NULL, 0};
    struct order order;
    char *uniqueid = mem_format("%.*s", (int)key.size, (const char *)key.data);

    if (queue_read(&s->t.txn, uniqueid, &order) && order.own_credentials)
        anew = queue_reseal(s->keys, uniqueid, sealed);
    if (anew.data)
        queue_store_sealed(&s->t, &order, &order, &anew);
    else if (s->upgrade && order.own_credentials) /* a key that is not known now */
        queue_store_sealed(&s->t, &order, &order, &sealed);
    free((void *)anew.data);
    free(uniqueid);
}

static bool
is_line_key(struct bytes key)
{
    return key.size == QUEUE_HISTORY_KEY_BYTES && *(const unsigned char *)key.data == 0;
}

static void
take_order_record(struct salvage *s, struct bytes key, struct bytes value)
{
    struct bytes sealed = {NULL, 0};
    struct order order;

    if (record_decode_order(key, value, &order, &sealed) == 0)
        take_order(s, &order, sealed);
    else if (format_1_order(key, value, &order) == 0)
        take_order(s, &order, (struct bytes){NULL, 0});
}

static void
take_other_record(struct salvage *s, struct bytes key, struct bytes value)
{
    char uniqueid[ORDER_VALUE_MAX + 1];
    json_t *content = record_decode(key, value);
    struct order order;
    uint32_t number;

    if (content && is_line_key(key)) {
        uint64_t born = store_get_u64(key.data);

        store_put(&s->t.txn, STORE_HISTORY, key, value);
        if (born > s->t.last_seq && born <= QUEUE_SEQ_MAX)
            s->t.last_seq = born; /* no later order gets the lines of one that is lost */
    } else if (content && format_1_line(key, uniqueid, &number) == 0) {
        if (queue_read(&s->t.txn, uniqueid, &order))
            take_line(s, &order, number, content);
    } else if (!content && key.size && key.size <= ORDER_VALUE_MAX &&
               !memchr(key.data, '\0', key.size) && value.size > SECRET_OVERHEAD_BYTES &&
               value.size <= RECORD_SEALED_MAX) {
        take_credentials(s, key, value);
    }
    json_decref(content);
}

/* As queue_open leaves it: what waits is put into its indexes by and by, in its order. */
static void
begin_part(struct salvage *s)
{
    queue_begin(s->queue, &s->t);
    s->t.backlog = 1;
    s->pending = 0;
}

static void
commit_part(struct salvage *s)
{
    failpoint_here("salvage.part");
    if (queue_commit(&s->t, s->err))
        s->failed = true;
}

static void
take_record(struct bytes key, struct bytes value, void *arg)
{
    struct salvage *s = arg;

    if (s->failed)
        return;
    if (s->orders_pass)
        take_order_record(s, key, value);
    else
        take_other_record(s, key, value);
    if (++s->pending < AT_ONCE)
        return;
    commit_part(s);
    begin_part(s);
}

static bool
is_named(struct bytes key, const char *name)
{
    return key.size == strlen(name) && memcmp(key.data, name, key.size) == 0;
}

/* What waits is in no index yet, whatever was before. */
static void
take_note(struct salvage *s, struct bytes key, struct bytes value)
{
    json_t *note = is_named(key, QUEUE_META_LAST) ? record_decode(key, value) : NULL;
    uint64_t last = (uint64_t)json_integer_value(json_object_get(note, "seq"));

    if (last > s->t.last_seq && last <= QUEUE_SEQ_MAX)
        s->t.last_seq = last;
    if (!note && !is_named(key, QUEUE_META_BACKLOG))
        store_put(&s->t.txn, STORE_META, key, value);
    json_decref(note);
}

/* What sessions must remember, and the key by which its notes are named: a token of an ERP is given
 * once, whatever happens to the queue. */
static bool
is_memory(struct bytes key)
{
    const size_t length = strlen(QUEUE_META_MEMORY);

    return is_named(key, QUEUE_META_HASH_KEY) ||
           (key.size > length && memcmp(key.data, QUEUE_META_MEMORY, length) == 0);
}

/* An upgrade keeps the queue's notes too, and just those references that are in the index: others
 * are of an earlier ERP. Callbacks that a receiver is still owed stay in any case. */
static void
take_entry(enum store_table table, struct bytes key, struct bytes value, void *arg)
{
    struct salvage *s = arg;

    bool own = table == STORE_META || table == STORE_REFERENCES;

    if (table == STORE_META && !s->orders_pass && (s->upgrade || is_memory(key)))
        take_note(s, key, value);
    else if (table == STORE_CALLBACKS || (own && s->upgrade && !s->orders_pass))
        store_put(&s->t.txn, table, key, value);
    else if (!own)
        take_record(key, value, s);
}

static void
note_last(struct salvage *s)
{
    json_t *note = json_pack("{s:I}", "seq", (json_int_t)s->t.last_seq);

    queue_meta_put(&s->t, QUEUE_META_LAST, note);
    json_decref(note);
}

static void
note_down(struct salvage *s)
{
    char at[CLOCK_TEXT_BYTES];
    json_t *note;

    clock_text(clock_wall_ms(), at);
    note = json_pack("{s:s s:s s:i s:i}", "at", at, "file", s->aside, "orders", (int)s->orders,
                     "for_a_person", (int)s->for_a_person);
    queue_meta_put(&s->t, QUEUE_META_SALVAGED, note);
    json_decref(note);
}

/* damaged: a file whose pages are looked through besides; NULL: none. */
static void
take_pass(struct salvage *s, const char *records, const char *damaged)
{
    s->from_tree = true;
    reader_records(records, take_entry, s);
    s->from_tree = false;
    if (damaged && !s->failed && store_pages_scan(damaged, take_record, s)) {
        err_errno(s->err, "storage", "cannot read the damaged queue");
        s->failed = true;
    }
}

/* As orders come one by one, each block but the last would be there. */
static void
write_blocks(struct salvage *s)
{
    uint64_t first = 0;

    for (unsigned i = 1; !s->failed && queue_block_next(&s->t.txn, s->t.last_seq, &first); i++)
        if (i % BLOCKS_AT_ONCE == 0) {
            commit_part(s);
            begin_part(s);
        }
}

int
take_over(struct salvage *s, const char *damaged, const char *records, const char *fresh)
{
    s->queue = queue_open(fresh, s->map_mib, s->keys, s->err);
    if (!s->queue)
        return -1;
    begin_part(s);
    s->orders_pass = true;
    take_pass(s, records, damaged);
    s->orders_pass = false;
    if (s->upgrade)
        store_clear(&s->t.txn, STORE_REFERENCES);
    take_pass(s, records, damaged);
    write_blocks(s);
    note_last(s);
    if (!s->upgrade)
        note_down(s);
    commit_part(s);
    queue_close(s->queue);
    return s->failed ? -1 : 0;
}
