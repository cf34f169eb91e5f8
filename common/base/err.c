/* Errors as values, allocation that never fails, and text that is cut at character boundaries. */
#include "common/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 3, 0)))
err_format(struct err *e, const char *code, const char *format, va_list arguments)
{
    char text[sizeof e->text + 1]; /* one more, so that text_copy sees where to cut */

    vsnprintf(text, sizeof text, format, arguments);
    text_copy(e->code, sizeof e->code, code);
    text_copy(e->text, sizeof e->text, text);
}

int
err_set(struct err *e, const char *code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    err_format(e, code, format, arguments);
    va_end(arguments);
    return -1;
}

int
err_errno(struct err *e, const char *code, const char *format, ...)
{
    int number = errno;
    va_list arguments;
    size_t used;

    va_start(arguments, format);
    err_format(e, code, format, arguments);
    va_end(arguments);
    used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, ": %s", strerror(number));
    return -1;
}

void *
mem_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);

    if (!memory)
        die_abort("out of memory (%zu bytes)", size);
    return memory;
}

void *
mem_resize(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        die_abort("out of memory (%zu bytes)", size);
    return memory;
}

char *
mem_string(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        die_abort("out of memory");
    return copy;
}

char *
mem_part(const char *text, size_t length)
{
    char *copy = strndup(text, length);

    if (!copy)
        die_abort("out of memory");
    return copy;
}

const char *
plural(long long count)
{
    return count == 1 ? "" : "s";
}

char *
mem_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        die_abort("out of memory");
    va_end(arguments);
    return text;
}

void
die_abort(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void
text_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size);

    if (length == size) {
        length = size - 1;
        while (length && ((unsigned char)from[length] & 0xc0) == 0x80)
            length--;
    }
    memmove(to, from, length);
    to[length] = '\0';
}

/* The length of the UTF-8 sequence at p; 0 if it is invalid (RFC 3629: no surrogates, no overlong
 * forms). */
static size_t
utf8_length(const unsigned char *p)
{
    static const struct {
        unsigned char mask, lead, length;
        unsigned long least;
    } forms[] = {{0x80, 0x00, 1, 0},
                 {0xe0, 0xc0, 2, 0x80},
                 {0xf0, 0xe0, 3, 0x800},
                 {0xf8, 0xf0, 4, 0x10000}};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        unsigned long point = *p & (unsigned char)~forms[i].mask;

        if ((*p & forms[i].mask) != forms[i].lead)
            continue;
        for (size_t k = 1; k < forms[i].length; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return 0;
            point = point << 6 | (p[k] & 0x3f);
        }
        if (point < forms[i].least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return 0;
        return forms[i].length;
    }
    return 0;
}

void
text_clean(char *text)
{
    unsigned char *p = (unsigned char *)text;

    while (*p) {
        size_t length = utf8_length(p);

        if (!length)
            *p = '?';
        else if (*p < 0x20 || *p == 0x7f)
            *p = ' ';
        else if (*p == 0xc2 && p[1] < 0xa0) /* U+0080-009F */
            p[0] = p[1] = ' ';
        else if (*p == 0xe2 && p[1] == 0x80 && (p[2] | 1) == 0xa9) /* U+2028 and U+2029 end lines */
            p[0] = p[1] = p[2] = ' ';
        p += length ? length : 1;
    }
}
