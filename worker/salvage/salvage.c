/* Check, set aside, replace. */
#include "worker/salvage/salvage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/err.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/salvage/damaged_pages.h"
#include "worker/salvage/reader.h"
#include "worker/salvage/take_over.h"
#include "worker/store/folder.h"

/* A release writes one format more than an earlier one at most: a number far beyond is damage. */
#define FORMATS_AHEAD 32

/* --- setting aside --- */

static void
remove_folder(const char *folder)
{
    static const char *const names[] = {"data.mdb", "data.new", "lock.mdb", "worker.lock",
                                        "clean",    "closed",   "unchecked"};

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
    char time[CLOCK_STAMP_BYTES];

    clock_stamp(clock_wall_ms(), time);
    return mem_format("%s/damaged-%s.mdb", folder, time);
}

/* aside: the damaged file keeps a name of its own before the new one takes its place: at no moment
 * is there neither. NULL: it is no longer needed. */
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
    reader_run(folder, s->map_mib, format, records);
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
        log_info("upgraded the queue file to format %u: %u order%s", STORE_FORMAT, s->orders,
                 plural(s->orders));
    remove_folder(fresh);
    free(fresh);
    return result;
}

static int
upgrade(const char *folder, struct salvage *s, unsigned format, const char *data, struct err *err)
{
    char *records = records_name(folder);
    int result;

    switch (reader_run(folder, s->map_mib, format, records)) {
    case READING_SOUND:
        result = rewrite(folder, s, data, records, err);
        break;
    case READING_DAMAGED:
        result = mend(folder, s, format, data, err);
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
    char *reserve = mem_format("%s/reserve", folder), *closed = mem_format("%s/closed", folder);
    bool lived = access(closed, F_OK) == 0 || access(reserve, F_OK) == 0;

    free(closed);
    free(reserve);
    return !lived && store_pages_unborn(data);
}

/* Before it serves: where the file is cut, or a process had reason to doubt it. Otherwise a queue
 * that was not closed is checked while it serves, and each record when it is read. */
static int
check_now(const char *folder, struct salvage *s, const char *data, struct err *err)
{
    switch (reader_run(folder, s->map_mib, STORE_FORMAT, NULL)) {
    case READING_SOUND:
        store_note_sound(folder);
        return 0;
    case READING_DAMAGED:
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

    if (format == 0 || format > STORE_FORMAT + FORMATS_AHEAD)
        return mend(folder, s, STORE_FORMAT, data, err);
    if (format > STORE_FORMAT)
        return err_set(err, "format",
                       "the queue file has format %llu, and this release knows formats up to %d: "
                       "start the release that wrote it, or a later one",
                       (unsigned long long)format, STORE_FORMAT);
    if (format < STORE_FORMAT)
        return upgrade(folder, s, (unsigned)format, data, err);
    if (header == STORE_PAGES_SHORT || store_is_suspect(folder))
        return check_now(folder, s, data, err);
    return 0;
}

/* Under the folder's lock, which the reading process inherits. */
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
