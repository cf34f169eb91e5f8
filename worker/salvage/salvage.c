/* Check, set aside, take over. */
#include "worker/salvage/salvage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/order/reason.h"
#include "worker/queue/folder.h"
#include "worker/queue/keys.h"
#include "worker/salvage/damaged_pages.h"
#include "worker/salvage/format_1.h"
#include "worker/salvage/walk.h"

#define AT_ONCE 2000 /* entries in one transaction: bounds the memory */

/* Taking a queue over into a new one, in two passes: a line of history is put beside its order. */
struct salvage {
    const char *aside; /* for people */
    unsigned map_mib;
    const struct queue_keys *keys;
    struct queue *queue; /* the new one */
    struct queue_txn t;
    unsigned pending; /* entries in t */
    struct err *err;
    bool failed; /* see err */
    bool upgrade;
    bool from_tree;
    bool orders_pass;
    unsigned orders, for_a_person;
};

/* --- taking over --- */

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

/* An upgrade keeps the queue's notes too, and just those references that are in the index: others
 * are of an earlier ERP. */
static void
take_entry(enum store_table table, struct bytes key, struct bytes value, void *arg)
{
    struct salvage *s = arg;

    if (table != STORE_META && table != STORE_REFERENCES)
        take_record(key, value, s);
    else if (s->upgrade && !s->orders_pass)
        store_put(&s->t.txn, table, key, value);
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
    walk_read(records, take_entry, s);
    s->from_tree = false;
    if (damaged && !s->failed && store_pages_scan(damaged, take_record, s)) {
        err_errno(s->err, "storage", "cannot read the damaged queue");
        s->failed = true;
    }
}

static int
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
    note_last(s);
    if (!s->upgrade)
        note_down(s);
    commit_part(s);
    queue_close(s->queue);
    return s->failed ? -1 : 0;
}

/* --- setting aside --- */

static void
remove_folder(const char *folder)
{
    static const char *const names[] = {"data.mdb",    "data.new", "lock.mdb",
                                        "worker.lock", "closed",   "unchecked"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = mem_format("%s/%s", folder, names[i]);

        unlink(path);
        free(path);
    }
    rmdir(folder);
}

static char *
aside_name(const char *folder)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    char text[32];
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
    return mem_format("%s/damaged-%s.mdb", folder, text);
}

/* aside: the damaged file keeps a name of its own before the new one takes its place: at no moment
 * is there neither. NULL: nobody needs it any more. */
static int
swap_files(const char *data, const char *aside, const char *fresh, const char *folder,
           struct err *err)
{
    char *fresh_data = mem_format("%s/data.mdb", fresh), *lock = mem_format("%s/lock.mdb", folder);
    int result = 0;

    if (aside && link(data, aside) && errno != EEXIST)
        result = err_errno(err, "storage", "cannot keep the damaged queue aside");
    else if (rename(fresh_data, data))
        result = err_errno(err, "storage", "cannot rename the salvaged queue");
    else if (disk_sync_parent(data))
        result = err_errno(err, "storage", "cannot sync the folder of the salvaged queue");
    failpoint_here("salvage.swapped");
    unlink(lock);
    if (result == 0)
        store_note_sound(folder);
    free(lock);
    free(fresh_data);
    return result;
}

static char *
records_name(const char *folder)
{
    return mem_format("%s/salvage.records", folder);
}

static char *
fresh_name(const char *folder)
{
    return mem_format("%s/salvage", folder);
}

static int
mend(const char *folder, struct salvage *s, unsigned format, const char *data, struct err *err)
{
    char *aside = aside_name(folder), *shown = folder_shown(aside), *fresh = fresh_name(folder),
         *records = records_name(folder);
    int result;

    log_error("the queue file is damaged: salvaging the readable orders");
    s->aside = shown;
    s->err = err;
    remove_folder(fresh);
    unlink(records);
    walk(folder, s->map_mib, format, records);
    result = take_over(s, data, records, fresh);
    if (result == 0)
        result = swap_files(data, aside, fresh, folder, err);
    if (result == 0)
        log_error("the damaged queue is kept as %s; salvaged %u orders, %u of them need attention",
                  shown, s->orders, s->for_a_person);
    remove_folder(fresh);
    unlink(records);
    free(records);
    free(fresh);
    free(shown);
    free(aside);
    return result;
}

/* --- an earlier format --- */

/* A new file comes into being beside it, and takes its place when it is whole. */
static int
rewrite(const char *folder, struct salvage *s, const char *data, const char *records,
        struct err *err)
{
    char *fresh = fresh_name(folder);
    int result;

    s->upgrade = true;
    s->err = err;
    remove_folder(fresh);
    result = take_over(s, NULL, records, fresh);
    failpoint_here("salvage.upgraded");
    if (result == 0)
        result = swap_files(data, NULL, fresh, folder, err);
    if (result == 0)
        log_info("upgraded the queue file to format %u: %u orders", STORE_FORMAT, s->orders);
    remove_folder(fresh);
    free(fresh);
    return result;
}

static int
upgrade(const char *folder, struct salvage *s, const char *data, struct err *err)
{
    char *records = records_name(folder);
    int result;

    switch (walk(folder, s->map_mib, 1, records)) {
    case WALK_SOUND:
        result = rewrite(folder, s, data, records, err);
        break;
    case WALK_DAMAGED:
        result = mend(folder, s, 1, data, err);
        break;
    default:
        result = err_set(err, "storage", "cannot upgrade the queue now");
    }
    unlink(records);
    free(records);
    return result;
}

/* --- */

/* An earlier version that was killed while it made a new queue leaves such a file. A queue that has
 * taken an order, or was closed once, has left a trace: there it is damage. */
static bool
never_was_one(const char *folder, const char *data)
{
    char *reserve = mem_format("%s/reserve", folder);
    bool lived = store_was_closed(folder) || access(reserve, F_OK) == 0;

    free(reserve);
    return !lived && store_pages_unborn(data);
}

/* Before it serves: where the file is cut, or a process had reason to doubt it. Otherwise a queue
 * that was not closed is checked while it serves, and each record when it is read. */
static int
check_now(const char *folder, struct salvage *s, const char *data, struct err *err)
{
    switch (walk(folder, s->map_mib, STORE_FORMAT, NULL)) {
    case WALK_SOUND:
        store_note_sound(folder);
        return 0;
    case WALK_DAMAGED:
        return mend(folder, s, STORE_FORMAT, data, err);
    default:
        return err_set(err, "storage", "cannot check the queue now");
    }
}

static int
check_sound_header(const char *folder, struct salvage *s, const char *data,
                   enum store_pages_header header, struct err *err)
{
    uint64_t format = store_pages_format(data);

    if (format > STORE_FORMAT)
        return err_set(err, "format",
                       "the queue file has format %llu, and this release knows formats up to %d: "
                       "start the release that wrote it, or a later one",
                       (unsigned long long)format, STORE_FORMAT);
    if (format == 1)
        return upgrade(folder, s, data, err);
    if (format == 0)
        return mend(folder, s, STORE_FORMAT, data, err);
    if (header == STORE_PAGES_SHORT || store_is_suspect(folder))
        return check_now(folder, s, data, err);
    return 0;
}

/* Under the folder's lock, which the walking process inherits. */
static int
check_locked(const char *folder, struct salvage *s, const char *data, struct err *err)
{
    enum store_pages_header header = store_pages_header(data);

    if (header == STORE_PAGES_BAD && never_was_one(folder, data)) {
        log_warning("the queue file is empty and unfinished: creating a new one");
        return unlink(data) ? err_errno(err, "storage", "cannot remove the queue file") : 0;
    }
    if (header == STORE_PAGES_UNREAD)
        return err_errno(err, "storage", "cannot read the queue file");
    if (header == STORE_PAGES_BAD)
        return mend(folder, s, STORE_FORMAT, data, err);
    return check_sound_header(folder, s, data, header, err);
}

int
salvage_check(const char *folder, unsigned map_mib, const struct queue_keys *keys, struct err *err)
{
    struct salvage s = {.map_mib = map_mib, .keys = keys};
    char *data = mem_format("%s/data.mdb", folder);
    int result = 0, lock_fd;

    if (access(data, F_OK) == 0) {
        lock_fd = store_lock(folder, err);
        result = lock_fd < 0 ? -1 : check_locked(folder, &s, data, err);
        if (lock_fd >= 0)
            close(lock_fd);
    }
    free(data);
    return result;
}
