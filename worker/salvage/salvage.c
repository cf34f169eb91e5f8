/* Check, set aside, take over. */
#include "worker/salvage/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/order/reason.h"
#include "worker/queue/folder.h"
#include "worker/queue/keys.h"
#include "worker/queue/record.h"
#include "worker/salvage/damaged_pages.h"

/* What a look at the queue comes to. One that fails for want of descriptors,
 * memory or a process says nothing about the queue. */
enum walk { WALK_SOUND, WALK_DAMAGED, WALK_FAILED };

#define CHECK_SECONDS 120 /* a loop in a damaged tree ends here */

struct salvage {
    const char *aside; /* for people */
    unsigned map_mib;
    const struct queue_keys *keys;
    struct queue *queue; /* the new one */
    struct queue_txn t;
    bool from_tree;
    unsigned orders, for_a_person;
};

/* --- reading through the tree, in a process of its own --- */

static bool
write_bytes(FILE *to, struct bytes bytes)
{
    return !to || (fwrite(&bytes.size, sizeof bytes.size, 1, to) == 1 &&
                   fwrite(bytes.data, 1, bytes.size, to) == bytes.size);
}

/* Every entry of a table; what is sound goes to `to` (NULL: nowhere). */
static bool
walk_table(struct store_txn *txn, enum store_table table, FILE *to)
{
    bool checked = table == STORE_ORDERS || table == STORE_HISTORY, sound = true, found;
    struct store_cursor cursor;

    for (found = store_seek(&cursor, txn, table, (struct bytes){"", 1}); found;
         found = store_next(&cursor)) {
        json_t *content = checked ? record_decode(cursor.key, cursor.value) : NULL;
        bool kept = checked ? content != NULL : table == STORE_CREDENTIALS;

        if ((checked && !kept) ||
            (kept && (!write_bytes(to, cursor.key) || !write_bytes(to, cursor.value))))
            sound = false;
        json_decref(content);
        /* What was written stays even if the next page kills this process. */
        if (to)
            fflush(to);
    }
    store_cursor_close(&cursor);
    return sound && !txn->error;
}

static void __attribute__((noreturn))
walk_child(const char *folder, unsigned map_mib, const char *records, pid_t parent)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGALRM};
    struct store_txn txn;
    struct store *store;
    struct err err;
    FILE *to;
    bool sound = true;

    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], SIG_DFL);
    alarm(CHECK_SECONDS);
    /* It holds the folder's lock, and must not outlive whom it works for. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(WALK_FAILED);
    store = store_open_locked(folder, map_mib, &err);
    if (!store)
        _exit(strcmp(err.code, "storage") ? WALK_FAILED : WALK_DAMAGED);
    to = records ? fopen(records, "we") : NULL;
    if (records && !to)
        _exit(WALK_FAILED);
    store_begin(store, &txn, false);
    for (int table = 0; table < STORE_TABLES; table++)
        sound = walk_table(&txn, (enum store_table)table, to) && sound;
    if (to && fclose(to))
        sound = false;
    _exit(sound && store_end(&txn, &err) == 0 ? WALK_SOUND : WALK_DAMAGED);
}

/* records: a file for what is sound; NULL: only check. */
static enum walk
walk(const char *folder, unsigned map_mib, const char *records)
{
    pid_t parent = getpid(), pid = failpoint("salvage.fork") ? -1 : fork();
    int status;

    if (pid < 0)
        return WALK_FAILED;
    if (!pid)
        walk_child(folder, map_mib, records, parent);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status))
        return (enum walk)WEXITSTATUS(status);
    return WTERMSIG(status) == SIGKILL ? WALK_FAILED : WALK_DAMAGED;
}

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

static void
take_order(struct salvage *s, struct order *order)
{
    struct order present;
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
    if (known)
        order->seq = present.seq;
    else if (!s->from_tree)
        order->seq = 0; /* an old one's place may be another's by now */
    if (order->seq > s->t.last_seq)
        s->t.last_seq = order->seq;
    queue_store(&s->t, known ? &present : NULL, order);
    s->orders += !known;
}

/* The key tells what a record is: a history entry's has a NUL in it. */
static void
take_record(struct bytes key, struct bytes value, void *arg)
{
    struct salvage *s = arg;
    json_t *content = record_decode(key, value);
    struct order order;

    if (content && memchr(key.data, '\0', key.size) && key.size <= QUEUE_HISTORY_KEY_BYTES) {
        store_put(&s->t.txn, STORE_HISTORY, key, value);
    } else if (content && record_to_order(content, &order) == 0) {
        take_order(s, &order);
    } else if (!content && key.size <= ORDER_VALUE_MAX && value.size > SECRET_OVERHEAD_BYTES) {
        struct bytes sealed = queue_reseal(s->keys, key, value);

        if (sealed.data)
            store_put(&s->t.txn, STORE_CREDENTIALS, key, sealed);
        free((void *)sealed.data);
    }
    json_decref(content);
}

static bool
read_bytes(FILE *from, struct bytes *bytes, char *buffer, size_t size)
{
    if (fread(&bytes->size, sizeof bytes->size, 1, from) != 1 || bytes->size > size)
        return false;
    bytes->data = buffer;
    return fread(buffer, 1, bytes->size, from) == bytes->size;
}

static void
take_file(struct salvage *s, const char *records)
{
    static char key_buffer[512], value_buffer[65536];
    FILE *from = fopen(records, "re");
    struct bytes key, value;

    while (from && read_bytes(from, &key, key_buffer, sizeof key_buffer) &&
           read_bytes(from, &value, value_buffer, sizeof value_buffer))
        take_record(key, value, s);
    if (from)
        fclose(from);
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

static int
take_over(struct salvage *s, const char *damaged, const char *records, const char *fresh,
          struct err *err)
{
    int result = -1;

    s->queue = queue_open(fresh, s->map_mib, s->keys, err);
    if (!s->queue)
        return -1;
    queue_begin(s->queue, &s->t);
    s->from_tree = true;
    take_file(s, records);
    s->from_tree = false;
    if (store_pages_scan(damaged, take_record, s))
        err_errno(err, "storage", "cannot read the damaged queue");
    note_down(s);
    result = queue_commit(&s->t, err);
    queue_close(s->queue);
    return result;
}

/* --- setting aside --- */

static void
remove_folder(const char *folder)
{
    static const char *const names[] = {"data.mdb", "data.new", "lock.mdb", "worker.lock",
                                        "closed"};

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

/* The damaged file keeps a name of its own before the new one takes its place: at no moment is
 * there neither. */
static int
swap_files(const char *data, const char *aside, const char *fresh, const char *folder,
           struct err *err)
{
    char *fresh_data = mem_format("%s/data.mdb", fresh), *lock = mem_format("%s/lock.mdb", folder);
    int result = 0;

    if (link(data, aside) && errno != EEXIST)
        result = err_errno(err, "storage", "cannot keep the damaged queue aside");
    else if (rename(fresh_data, data))
        result = err_errno(err, "storage", "cannot rename the salvaged queue");
    else if (disk_sync_parent(data))
        result = err_errno(err, "storage", "cannot sync the folder of the salvaged queue");
    unlink(lock);
    free(lock);
    free(fresh_data);
    return result;
}

static int
mend(const char *folder, unsigned map_mib, const struct queue_keys *keys, const char *data,
     struct err *err)
{
    char *aside = aside_name(folder), *shown = folder_shown(aside),
         *fresh = mem_format("%s/salvage", folder);
    char *records = mem_format("%s/salvage.records", folder);
    struct salvage s = {.aside = shown, .map_mib = map_mib, .keys = keys};
    int result;

    log_error("the queue file is damaged: salvaging the readable orders");
    remove_folder(fresh);
    walk(folder, map_mib, records);
    result = take_over(&s, data, records, fresh, err);
    if (result == 0)
        result = swap_files(data, aside, fresh, folder, err);
    if (result == 0)
        log_error("the damaged queue is kept as %s; salvaged %u orders, %u of them need attention",
                  shown, s.orders, s.for_a_person);
    remove_folder(fresh);
    unlink(records);
    free(records);
    free(fresh);
    free(shown);
    free(aside);
    return result;
}

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

/* Under the folder's lock, which the walking process inherits. */
static int
check_locked(const char *folder, unsigned map_mib, const struct queue_keys *keys, const char *data,
             struct err *err)
{
    enum store_pages_header header = store_pages_header(data);

    if (header == STORE_PAGES_BAD && never_was_one(folder, data)) {
        log_warning("the queue file is empty and unfinished: creating a new one");
        return unlink(data) ? err_errno(err, "storage", "cannot remove the queue file") : 0;
    }
    if (header == STORE_PAGES_UNREAD)
        return err_errno(err, "storage", "cannot read the queue file");
    if (header == STORE_PAGES_BAD)
        return mend(folder, map_mib, keys, data, err);
    if (header == STORE_PAGES_SOUND && store_was_closed(folder))
        return 0;
    switch (walk(folder, map_mib, NULL)) {
    case WALK_SOUND:
        return 0;
    case WALK_DAMAGED:
        return mend(folder, map_mib, keys, data, err);
    default:
        return err_set(err, "storage", "cannot check the queue now");
    }
}

int
salvage_check(const char *folder, unsigned map_mib, const struct queue_keys *keys, struct err *err)
{
    char *data = mem_format("%s/data.mdb", folder);
    int result = 0, lock_fd;

    if (access(data, F_OK) == 0) {
        lock_fd = store_lock(folder, err);
        result = lock_fd < 0 ? -1 : check_locked(folder, map_mib, keys, data, err);
        if (lock_fd >= 0)
            close(lock_fd);
    }
    free(data);
    return result;
}
