#include "supervisor/audit/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "supervisor/audit/internal.h"
#include "supervisor/system/spawn.h"

#define APPEND (O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)

/* --- the file --- */

/* The id of the last line; 0: there is none. torn: it has no end, as its writer died. */
static int64_t
last_id(int fd, off_t size, bool *torn)
{
    static char end[2 * TRAIL_LINE_MAX + 1];
    off_t from = size > 2L * TRAIL_LINE_MAX ? size - 2L * TRAIL_LINE_MAX : 0;
    ssize_t length = pread(fd, end, sizeof end - 1, from);
    int64_t id = 0;
    char *line;

    *torn = length > 0 && end[length - 1] != '\n';
    while (length > 0 && !id) {
        line = memrchr(end, '\n', (size_t)length - 1);
        end[length] = '\0';
        id = trail_line_id(line ? line + 1 : end);
        length = line ? line + 1 - end : 0;
    }
    return id;
}

static void
give_to_group(int fd, const char *group)
{
    const struct group *known = *group ? getgrnam(group) : NULL;

    if (known && fchown(fd, (uid_t)-1, known->gr_gid))
        log_warning("cannot give the audit trail to the group %s: %s", group, strerror(errno));
}

static bool
open_file(struct trail *trail)
{
    struct stat status;
    int64_t id;

    trail->fd = open(trail->path, APPEND, 0640);
    if (trail->fd < 0 || fstat(trail->fd, &status) || !S_ISREG(status.st_mode)) {
        log_error("cannot open %s: %s", trail->path,
                  trail->fd < 0 ? strerror(errno) : "not a regular file");
        if (trail->fd >= 0)
            close(trail->fd);
        trail->fd = -1;
        return false;
    }
    trail->bytes = status.st_size;
    id = last_id(trail->fd, status.st_size, &trail->torn);
    if (id > trail->id)
        trail->id = id;
    if (!status.st_size)
        give_to_group(trail->fd, trail->group);
    return true;
}

void
trail_reopen(struct trail *trail)
{
    if (trail->fd >= 0)
        close(trail->fd);
    open_file(trail);
}

/* Its successor is made by the next line. */
static void
rotate(struct trail *trail)
{
    char *to = trail_path(trail->path, TRAIL_FILES - 1), *from;

    for (unsigned i = TRAIL_FILES - 1; i > 0; i--) {
        from = trail_path(trail->path, i - 1);
        if (rename(from, to) && errno != ENOENT)
            log_warning("cannot rename %s: %s", from, strerror(errno));
        free(to);
        to = from;
    }
    free(to);
    close(trail->fd);
    trail->fd = -1;
}

/* --- to the disk --- */

/* In the helper process. The file before may have been renamed since. */
static void
sync_files(int fd, const char *path)
{
    (void)fd;
    for (unsigned i = 0; i < 2; i++) {
        char *one = trail_path(path, i);
        int file = open(one, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (file >= 0)
            fdatasync(file);
        free(one);
    }
    disk_sync_parent(path);
}

static void
sync_soon(struct trail *trail)
{
    struct timeval pause = clock_timeval(TRAIL_SYNC_MS);

    if (!trail->helper && !evtimer_pending(trail->sync, NULL))
        evtimer_add(trail->sync, &pause);
}

static void
on_synced(evutil_socket_t fd, short what, void *arg)
{
    struct trail *trail = arg;

    (void)what;
    event_free(trail->helper);
    trail->helper = NULL;
    close(fd);
    if (trail->dirty)
        sync_soon(trail);
}

static void
on_sync(evutil_socket_t unused, short what, void *arg)
{
    struct trail *trail = arg;
    struct err err;
    int fd = spawn_helper(sync_files, trail->path, &err);

    (void)unused;
    (void)what;
    if (fd < 0) {
        log_warning("cannot sync %s: %s", trail->path, err.text);
        return;
    }
    trail->dirty = false;
    trail->helper = loop_event(trail->base, fd, EV_READ, on_synced, trail);
    event_add(trail->helper, NULL);
}

/* --- lines --- */

/* A line that could be written in part only is ended before the next one. */
static bool
append(struct trail *trail, const char *line, size_t length)
{
    ssize_t written;

    if (trail->fd >= 0 && trail->bytes + (off_t)length > trail->file_bytes)
        rotate(trail);
    if (trail->fd < 0 && !open_file(trail))
        return false;
    if (trail->torn && write(trail->fd, "\n", 1) != 1)
        return false;
    written = write(trail->fd, line, length);
    trail->torn = written > 0 && (size_t)written < length;
    trail->bytes += written > 0 ? written : 0;
    trail->dirty = true;
    return written == (ssize_t)length;
}

void
trail_add(struct trail *trail, json_t *entry)
{
    int64_t wall_ms = clock_wall_ms();
    char at[CLOCK_TEXT_BYTES], *members, *line;

    if (wall_ms * 1000 > trail->id)
        trail->id = wall_ms * 1000;
    else
        trail->id++;
    clock_text(wall_ms, at);
    members = json_dumps(entry, JSON_COMPACT);
    if (!members)
        die_abort("cannot write an audit entry as JSON");
    line = mem_format(TRAIL_LINE_HEAD "%" PRId64 ",\"at\":\"%s\",%s\n", trail->id, at, members + 1);
    if (strlen(line) > TRAIL_LINE_MAX || !append(trail, line, strlen(line)))
        log_error("cannot write to %s: %s", trail->path, line);
    sync_soon(trail);
    free(line);
    free(members);
    json_decref(entry);
}

struct trail *
trail_open(struct event_base *base, const char *state_dir, const char *group, off_t file_bytes)
{
    struct trail *trail = mem_alloc(sizeof *trail);

    trail->base = base;
    trail->path = mem_format("%s/audit.jsonl", state_dir);
    trail->group = mem_string(group);
    trail->file_bytes = file_bytes;
    trail->sync = loop_timer(base, on_sync, trail);
    TAILQ_INIT(&trail->searches);
    open_file(trail);
    return trail;
}

void
trail_close(struct trail *trail)
{
    trail_end_searches(trail);
    if (trail->helper) {
        close(event_get_fd(trail->helper));
        event_free(trail->helper);
    }
    event_free(trail->sync);
    if (trail->fd >= 0) {
        if (trail->dirty)
            fdatasync(trail->fd);
        close(trail->fd);
    }
    free(trail->path);
    free(trail->group);
    free(trail);
}
