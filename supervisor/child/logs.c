/* A child's log: the process writes into a pipe, and each line is logged here.
 *
 * The process has no descriptor of the log itself: it can neither truncate it nor write under
 * another name. If it writes faster than allowed, the pipe is read later, and the process drops
 * what the pipe does not take. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/log_files.h"
#include "common/base/loop.h"
#include "supervisor/child/state.h"

#define BUFFER_BYTES 8192       /* a longer line is split */
#define TURN_BYTES (64u << 10)  /* then other events have their turn */
#define SECOND_BYTES (4u << 20) /* about 30,000 lines */
#define LEFT_BYTES (1u << 20)   /* the most that a pipe holds after its process has exited */

struct child_log {
    int fd;
    struct event *readable, *resume;
    struct log_files files;
    int64_t second_ms; /* start of the interval that `spent` counts */
    size_t spent;
    size_t used;
    char *rest; /* an unfinished line of `used` bytes; NULL: none */
};

/* One for all: a child's is empty nearly always. */
static char buffer[BUFFER_BYTES];

static void
open_files(struct child *child)
{
    const struct workshop_config *workshop = child->workshop;
    const char *log_dir = child->host->log_dir(child->host->arg);

    log_files_close(&child->log->files);
    if (*log_dir)
        child->log->files = log_files_open(log_dir, workshop->slug, workshop->name);
}

static void
log_line(const struct child *child, char *line)
{
    if (*line)
        log_relayed(child->workshop->name, &child->log->files, line);
}

static void
take_rest(struct child_log *log)
{
    if (log->rest)
        memcpy(buffer, log->rest, log->used);
    free(log->rest);
    log->rest = NULL;
}

static void
keep_rest(struct child_log *log, const char *from)
{
    log->rest = log->used ? memcpy(mem_alloc(log->used), from, log->used) : NULL;
}

/* Logs the buffer without an unfinished line; all: with it. */
static void
log_buffer(const struct child *child, bool all)
{
    struct child_log *log = child->log;
    char *from = buffer, *end;

    for (size_t i = 0; i < log->used; i++)
        if (!buffer[i])
            buffer[i] = '?';
    buffer[log->used] = '\0';
    log_hold();
    while ((end = strchr(from, '\n'))) {
        *end = '\0';
        log_line(child, from);
        from = end + 1;
    }
    log->used -= (size_t)(from - buffer);
    if (log->used && (all || log->used == BUFFER_BYTES - 1)) {
        log_line(child, from);
        log->used = 0;
    }
    log_release();
    keep_rest(log, from);
}

/* False: nothing more to read now, or ever. */
static bool
read_part(const struct child *child)
{
    struct child_log *log = child->log;
    ssize_t got;

    take_rest(log);
    got = read(log->fd, buffer + log->used, BUFFER_BYTES - 1 - log->used);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        event_del(log->readable);
    if (got <= 0) {
        keep_rest(log, buffer);
        return false;
    }
    log->spent += (size_t)got;
    log->used += (size_t)got;
    log_buffer(child, false);
    return true;
}

static bool
may_read(struct child_log *log)
{
    int64_t now_ms = clock_monotonic_ms();
    struct timeval rest;

    if (now_ms - log->second_ms >= 1000) {
        log->second_ms = now_ms;
        log->spent = 0;
    }
    if (log->spent < SECOND_BYTES)
        return true;
    rest = clock_timeval(log->second_ms + 1000 - now_ms);
    event_del(log->readable);
    evtimer_add(log->resume, &rest);
    return false;
}

void
child_read_logs(struct child *child)
{
    size_t begin;

    if (!child->log || !may_read(child->log))
        return;
    begin = child->log->spent;
    while (child->log->spent - begin < TURN_BYTES && read_part(child))
        continue;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    child_read_logs(arg);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;

    event_add(child->log->readable, NULL);
    on_readable(fd, what, child);
}

void
child_reopen_logs(struct child *child)
{
    if (!child->log)
        return;
    child_read_logs(child);
    open_files(child);
}

void
child_open_logs(struct child *child, int fd)
{
    struct event_base *base = child->host->base;
    struct child_log *log = mem_alloc(sizeof *log);

    *log = (struct child_log){.fd = fd,
                              .readable =
                                  loop_event(base, fd, EV_READ | EV_PERSIST, on_readable, child),
                              .resume = loop_timer(base, on_resume, child),
                              .files = {.fds = {-1, -1, -1}}};
    child->log = log;
    loop_add(log->readable, NULL);
    open_files(child);
}

/* Its process has exited. Another process that it left behind may still hold the pipe. */
void
child_close_logs(struct child *child)
{
    struct child_log *log = child->log;

    if (!log)
        return;
    log->spent = 0;
    while (log->spent < LEFT_BYTES && read_part(child))
        continue;
    take_rest(log);
    log_buffer(child, true);
    event_free(log->readable);
    event_free(log->resume);
    log_files_close(&log->files);
    close(log->fd);
    free(log);
    child->log = NULL;
}
