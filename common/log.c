/* Log lines. */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"

#define LINE_BYTES 4096

static struct {
    char name[160];
    bool journal;
    char *paths[3]; /* by enum log_file */
    int fds[3];
} log_state = {.fds = {-1, -1, -1}};

static const char *const level_names[] = {
    [LOG_ERROR] = "ERROR", [LOG_WARNING] = "WARNING", [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG"};

void
log_open(const char *name)
{
    text_copy(log_state.name, sizeof log_state.name, name);
    log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void
log_reopen(void)
{
    for (int i = LOG_API; i <= LOG_ORDERLINE; i++) {
        if (!log_state.paths[i])
            continue;
        if (log_state.fds[i] >= 0)
            close(log_state.fds[i]);
        log_state.fds[i] =
            open(log_state.paths[i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (log_state.fds[i] < 0)
            log_write(LOG_WARNING, LOG_NO_FILE, NULL, "log file %s can't be opened: %s",
                      log_state.paths[i], strerror(errno));
    }
}

void
log_open_files(const char *folder, const char *slug)
{
    log_close();
    if (mkdir(folder, 0750) && errno != EEXIST)
        log_write(LOG_WARNING, LOG_NO_FILE, NULL, "%s can't be made: %s", folder, strerror(errno));
    log_state.paths[LOG_API] = mem_format("%s/%s_api.log", folder, slug);
    log_state.paths[LOG_ORDERLINE] = mem_format("%s/%s_create_orderline.log", folder, slug);
    log_reopen();
}

void
log_close(void)
{
    for (int i = LOG_API; i <= LOG_ORDERLINE; i++) {
        if (log_state.fds[i] >= 0)
            close(log_state.fds[i]);
        log_state.fds[i] = -1;
        free(log_state.paths[i]);
        log_state.paths[i] = NULL;
    }
}

/* Appends text with control characters escaped, so that a line stays one line. */
static size_t
append_escaped(char *line, size_t used, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p && used < LINE_BYTES - 8; p++) {
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

void
log_write(enum log_level level, enum log_file file, const char *uniqueid, const char *format, ...)
{
    char line[LINE_BYTES], message[LINE_BYTES], time[CLOCK_TEXT_BYTES];
    size_t used, prefix = 0;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    clock_text(clock_wall_ms(), time);
    if (log_state.journal)
        prefix = (size_t)snprintf(line, sizeof line, "<%d>", level);
    used = prefix + (size_t)snprintf(line + prefix, sizeof line - prefix, "%s %s ", time,
                                     level_names[level]);
    used = append_escaped(line, used, log_state.name);
    line[used++] = ':';
    line[used++] = ' ';
    if (uniqueid) {
        line[used++] = '[';
        used = append_escaped(line, used, uniqueid);
        line[used++] = ']';
        line[used++] = ' ';
    }
    used = append_escaped(line, used, message);
    line[used++] = '\n';
    write_whole(STDERR_FILENO, line, used);
    if (file != LOG_NO_FILE && log_state.fds[file] >= 0)
        write_whole(log_state.fds[file], line + prefix, used - prefix);
}
