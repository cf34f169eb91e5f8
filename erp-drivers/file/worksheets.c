/* Lines as any program exports them: with or without a carriage return, quotes or a byte order
 * mark. */
#include "erp-drivers/file/worksheets.h"

#include <string.h>

#define MARK "\xEF\xBB\xBF"

struct part {
    const char *at;
    size_t length;
};

static struct part
trimmed(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (at < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    if (end - at >= 2 && *at == '"' && end[-1] == '"') {
        at++;
        end--;
    }
    return (struct part){at, (size_t)(end - at)};
}

static void
split(const char *line, const char *end, char delimiter, struct part *number, struct part *title)
{
    const char *at = line;

    while (at < end && *at != '\t' && *at != delimiter)
        at++;
    *number = trimmed(line, at);
    *title = trimmed(at < end ? at + 1 : end, end);
}

bool
file_worksheets_find(const char *content, size_t length, char delimiter, const char *worksheet,
                     char *title, size_t size)
{
    const char *end = content + length, *line = content;
    size_t wanted = strlen(worksheet);
    struct part number, rest;

    *title = '\0';
    if (length >= strlen(MARK) && memcmp(content, MARK, strlen(MARK)) == 0)
        line += strlen(MARK);
    while (line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));

        split(line, next ? next : end, delimiter, &number, &rest);
        if (number.length == wanted && memcmp(number.at, worksheet, wanted) == 0) {
            size_t kept = rest.length < size ? rest.length : size - 1;

            memcpy(title, rest.at, kept);
            title[kept] = '\0';
            return true;
        }
        line = next ? next + 1 : end;
    }
    return false;
}
