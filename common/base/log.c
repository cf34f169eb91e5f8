#include "common/base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log_limit.h"

#define LINE_BYTES 4096
#define NAME_BYTES 640      /* 128 bytes of uniqueid, each escaped, and the priority */
#define UNIQUEID_BYTES 1280 /* the same, on top of that */

static struct {
    char name[160];
    bool journal, relay;
    bool verbose, quiet;
    unsigned long long lost; /* lines dropped because stderr was full */
    struct log_files files;
} log_state = {.files = {.fds = {-1, -1, -1}}};

/* Lines that leave in one write: stderr's under LOG_NO_FILE. No more than what a pipe accepts
 * atomically. */
static struct {
    bool on;
    struct held {
        int fd;
        unsigned lines;
        size_t used;
        char bytes[LINE_BYTES];
    } to[LOG_FILES];
} held;

static void tell_left_out(bool all);

static const char *const level_names[] = {
    [LOG_ERROR] = "ERROR", [LOG_WARNING] = "WARNING", [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG"};

void
log_open(const char *name)
{
    text_copy(log_state.name, sizeof log_state.name, name);
    log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void
log_relay(void)
{
    log_state.relay = true;
}

const char *
log_name(void)
{
    return log_state.name;
}

void
log_files_close(struct log_files *files)
{
    for (int i = LOG_API; i < LOG_FILES; i++) {
        if (files->fds[i] >= 0)
            close(files->fds[i]);
        files->fds[i] = -1;
    }
}

void
log_use_files(const struct log_files *files)
{
    log_files_close(&log_state.files);
    if (files)
        log_state.files = *files;
}

void
log_close(void)
{
    tell_left_out(true);
    log_use_files(NULL);
}

/* Appends text with control characters escaped, so that a line stays one line; stops at `limit`
 * bytes. */
static size_t
append_escaped(char *line, size_t used, size_t limit, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p && used < limit - 8; p++) {
        if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* U+0080-009F: terminals obey them too */
            p++;
        else if (*p >= 0x20 && *p != 0x7f) {
            line[used++] = (char)*p;
            continue;
        }
        used += (size_t)snprintf(line + used, LINE_BYTES - used, "\\x%02x", *p);
    }
    return used;
}

/* A log that cannot be written must not stop an order, so the result is ignored. */
static void
write_once(int fd, const char *line, size_t length)
{
    ssize_t written = write(fd, line, length);

    (void)written;
}

/* No longer than what a pipe accepts atomically. */
static bool
stderr_takes_a_line(void)
{
    struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&error, 1, 0) != 0;
}

/* WORKSHOP: [UNIQUEID] TIME LEVEL */
static size_t
append_head(char *line, size_t used, const char *name, const char *uniqueid, enum log_level level)
{
    char time[CLOCK_TEXT_BYTES];

    used = append_escaped(line, used, NAME_BYTES, name);
    used += (size_t)snprintf(line + used, LINE_BYTES - used, ": ");
    if (uniqueid) {
        line[used++] = '[';
        used = append_escaped(line, used, UNIQUEID_BYTES, uniqueid);
        used += (size_t)snprintf(line + used, LINE_BYTES - used, "] ");
    }
    clock_text(clock_wall_ms(), time);
    return used +
           (size_t)snprintf(line + used, LINE_BYTES - used, "%s %s ", time, level_names[level]);
}

/* LEVEL FILE tab UNIQUEID tab MESSAGE: tabs inside the fields are escaped. */
static size_t
relayed_line(char line[LINE_BYTES], enum log_level level, enum log_file file, const char *uniqueid,
             const char *message)
{
    size_t used = (size_t)snprintf(line, LINE_BYTES, "%d%d\t", level, file);

    used = append_escaped(line, used, UNIQUEID_BYTES, uniqueid ? uniqueid : "");
    line[used++] = '\t';
    used = append_escaped(line, used, LINE_BYTES, message);
    line[used++] = '\n';
    return used;
}

/* The first *prefix bytes of the line are for the journal only. */
static size_t
own_line(char line[LINE_BYTES], size_t *prefix, enum log_level level, const char *name,
         const char *uniqueid, const char *message)
{
    size_t used;

    *prefix = log_state.journal ? (size_t)snprintf(line, LINE_BYTES, "<%d>", level) : 0;
    used = append_head(line, *prefix, name, uniqueid, level);
    used = append_escaped(line, used, LINE_BYTES, message);
    line[used++] = '\n';
    return used;
}

static void
tell_lost(void)
{
    char line[LINE_BYTES], message[96];
    size_t prefix, used;

    snprintf(message, sizeof message, "lost %llu log lines: the log reader is too slow",
             log_state.lost);
    used = log_state.relay ? relayed_line(line, LOG_WARNING, LOG_NO_FILE, NULL, message)
                           : own_line(line, &prefix, LOG_WARNING, log_state.name, NULL, message);
    log_state.lost = 0;
    write_once(STDERR_FILENO, line, used);
}

static void
write_stderr(const char *bytes, size_t length, unsigned lines)
{
    if (log_state.lost && stderr_takes_a_line())
        tell_lost();
    if (stderr_takes_a_line())
        write_once(STDERR_FILENO, bytes, length);
    else
        log_state.lost += lines;
}

static void
write_held(enum log_file file)
{
    struct held *to = &held.to[file];

    if (to->lines && file == LOG_NO_FILE)
        write_stderr(to->bytes, to->used, to->lines);
    else if (to->lines)
        write_once(to->fd, to->bytes, to->used);
    to->lines = 0;
    to->used = 0;
}

static void
hold(enum log_file file, int fd, const char *line, size_t length)
{
    struct held *to = &held.to[file];

    if (to->fd != fd || to->used + length > sizeof to->bytes)
        write_held(file);
    memcpy(to->bytes + to->used, line, length);
    to->fd = fd;
    to->used += length;
    to->lines++;
}

void
log_hold(void)
{
    held.on = true;
}

void
log_release(void)
{
    for (int file = 0; file < LOG_FILES; file++)
        write_held((enum log_file)file);
    held.on = false;
}

static void
write_line(const struct log_files *files, enum log_level level, const char *name,
           enum log_file file, const char *uniqueid, const char *message)
{
    char line[LINE_BYTES];
    size_t used, prefix = 0;

    used = log_state.relay ? relayed_line(line, level, file, uniqueid, message)
                           : own_line(line, &prefix, level, name, uniqueid, message);
    if (held.on)
        hold(LOG_NO_FILE, STDERR_FILENO, line, used);
    else
        write_stderr(line, used, 1);
    if (file == LOG_NO_FILE || files->fds[file] < 0)
        return;
    if (held.on)
        hold(file, files->fds[file], line + prefix, used - prefix);
    else
        write_once(files->fds[file], line + prefix, used - prefix);
}

static bool
is_record(const char *record)
{
    return *record && strchr("3467", record[0]) && record[1] >= '0' + LOG_NO_FILE &&
           record[1] < '0' + LOG_FILES && record[2] == '\t' && strchr(record + 3, '\t');
}

void
log_relayed(const char *name, const struct log_files *files, char *record)
{
    char *uniqueid = NULL, *message = record;
    enum log_level level = LOG_WARNING; /* output of a sanitizer or a library */
    enum log_file file = LOG_NO_FILE;

    if (is_record(record)) {
        level = (enum log_level)(record[0] - '0');
        file = (enum log_file)(record[1] - '0');
        uniqueid = record + 3;
        message = strchr(uniqueid, '\t') + 1;
        message[-1] = '\0';
        text_clean(uniqueid);
    }
    text_clean(message);
    write_line(files, level, name, file, uniqueid && *uniqueid ? uniqueid : NULL, message);
}

/* --- public log functions --- */

static void
write_own(enum log_level level, enum log_file file, const char *uniqueid, const char *message)
{
    if (log_state.quiet && level > LOG_WARNING)
        return;
    write_line(&log_state.files, level, log_state.name, file, uniqueid, message);
}

static void
tell_kind(struct log_kind *kind)
{
    char message[LOG_LIMIT_EXAMPLE_BYTES + 80];

    snprintf(message, sizeof message, "suppressed %llu lines like this one: %s", kind->left_out,
             kind->example);
    kind->left_out = 0;
    write_own(LOG_WARNING, (enum log_file)kind->file, NULL, message);
}

static void
tell_left_out(bool all)
{
    int64_t now_ms = clock_monotonic_ms();
    struct log_kind *kind;

    while ((kind = log_limit_quiet(now_ms, all)))
        tell_kind(kind);
}

void
log_write(enum log_level level, enum log_file file, const char *uniqueid, const char *format, ...)
{
    char message[LINE_BYTES];
    struct log_kind *kind;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    tell_left_out(false);
    kind = log_limit(format, file, message, clock_monotonic_ms());
    if (!kind)
        return;
    if (kind->left_out)
        tell_kind(kind);
    write_own(level, file, uniqueid, message);
}

void
log_verbose(bool verbose)
{
    log_state.verbose = verbose;
}

void
log_quiet(void)
{
    log_state.quiet = true;
}

bool
log_is_verbose(void)
{
    return log_state.verbose;
}

void
log_each(enum log_level level, enum log_file file, const char *uniqueid, const char *format, ...)
{
    char message[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    write_own(level, file, uniqueid, message);
}

void
log_about(enum log_level level, const char *name, const char *format, ...)
{
    char message[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    write_line(&log_state.files, level, name, LOG_NO_FILE, NULL, message);
}
