/* Log lines. */
#include "common/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/log_files.h"

#define LINE_BYTES 4096
#define NAME_BYTES 640      /* 128 bytes of it, each escaped, and the priority */
#define UNIQUEID_BYTES 1280 /* the same on top of it */

static struct {
    char name[160];
    bool journal;
    char *folder, *slug; /* of files opened here; NULL: none */
    struct log_files files;
} log_state = {.files = {.fds = {-1, -1, -1}}};

static const char *const level_names[] = {
    [LOG_ERROR] = "ERROR", [LOG_WARNING] = "WARNING", [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG"};

void
log_open(const char *name)
{
    text_copy(log_state.name, sizeof log_state.name, name);
    log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void
log_take_files(struct log_files *files)
{
    log_files_close(&log_state.files);
    log_state.files = *files;
}

void
log_reopen(void)
{
    struct log_files files;

    if (!log_state.folder)
        return;
    files = log_files_open(log_state.folder, log_state.slug, log_state.name);
    log_take_files(&files);
}

void
log_open_files(const char *folder, const char *slug)
{
    log_close();
    log_state.folder = mem_string(folder);
    log_state.slug = mem_string(slug);
    log_reopen();
}

void
log_close(void)
{
    log_files_close(&log_state.files);
    free(log_state.folder);
    free(log_state.slug);
    log_state.folder = log_state.slug = NULL;
}

/* Appends text with control characters escaped, so that a line stays one line, up to `limit` bytes
 * of line. */
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

static void
write_whole(int fd, const char *line, size_t length)
{
    /* A log that can't be written must not stop an order: the result is of no use here. */
    ssize_t written = write(fd, line, length);

    (void)written;
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

static void
write_line(enum log_level level, const char *name, enum log_file file, const char *uniqueid,
           const char *message)
{
    char line[LINE_BYTES];
    size_t used, prefix = 0;

    if (log_state.journal)
        prefix = (size_t)snprintf(line, sizeof line, "<%d>", level);
    used = append_head(line, prefix, name, uniqueid, level);
    used = append_escaped(line, used, LINE_BYTES, message);
    line[used++] = '\n';
    write_whole(STDERR_FILENO, line, used);
    if (file != LOG_NO_FILE && log_state.files.fds[file] >= 0)
        write_whole(log_state.files.fds[file], line + prefix, used - prefix);
}

void
log_write(enum log_level level, enum log_file file, const char *uniqueid, const char *format, ...)
{
    char message[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    write_line(level, log_state.name, file, uniqueid, message);
}

void
log_about(enum log_level level, const char *name, const char *format, ...)
{
    char message[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    write_line(level, name, LOG_NO_FILE, NULL, message);
}
