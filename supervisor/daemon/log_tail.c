#include "supervisor/daemon/log_tail.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file_read.h"

#define TAIL_BYTES (64u << 10) /* it is read at once: no more than a turn of the loop may take */

static char buffer[TAIL_BYTES + 1];

/* The last bytes of the file; cut: they begin in the middle of a line. */
static size_t
read_end(const char *path, bool *cut)
{
    struct err err;
    int fd = file_open(path, O_NOFOLLOW, &err);
    struct stat status;
    ssize_t got = -1;

    if (fd >= 0 && fstat(fd, &status) == 0) {
        *cut = status.st_size > (off_t)TAIL_BYTES;
        got = pread(fd, buffer, TAIL_BYTES, *cut ? status.st_size - (off_t)TAIL_BYTES : 0);
    }
    if (fd >= 0)
        close(fd);
    return got > 0 ? (size_t)got : 0;
}

/* Bytes that are no UTF-8 are shown as '?'. */
static json_t *
line_json(char *line, size_t length)
{
    json_t *text = json_stringn(line, length);

    for (size_t i = 0; !text && i < length; i++)
        if ((unsigned char)line[i] >= 0x80)
            line[i] = '?';
    return text ? text : json_stringn(line, length);
}

static json_t *
last_lines(const char *path, unsigned most)
{
    bool cut = false;
    size_t length = read_end(path, &cut);
    char *at = buffer, *end = buffer + length, *newline;
    json_t *lines = json_array();

    *end = '\0';
    if (cut && (newline = memchr(at, '\n', length)))
        at = newline + 1;
    for (; at < end; at = newline + 1) {
        newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            newline = end;
        json_array_append_new(lines, line_json(at, (size_t)(newline - at)));
    }
    while (json_array_size(lines) > most)
        json_array_remove(lines, 0);
    return lines;
}

json_t *
log_tail(const json_t *paths, unsigned lines)
{
    json_t *files = json_array(), *path;
    size_t i;

    json_array_foreach(paths, i, path)
    {
        const char *text = json_string_value(path);

        json_array_append_new(
            files, json_pack("{s:s s:o}", "file", text, "lines", last_lines(text, lines)));
    }
    return files;
}
