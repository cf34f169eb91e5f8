/* All output for people: escaping, display width, ages and times. Knows nothing of commands or
 * columns. */
#include "supervisor/ctl/term/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "common/base/err.h"

void
text_init(void)
{
    setlocale(LC_CTYPE, "");
    /* Replies are UTF-8, whatever locale cron or ssh has set. */
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

char *
text_vformat(const char *format, va_list args)
{
    char *text;

    if (vasprintf(&text, format, args) < 0)
        abort();
    return text;
}

/* Characters that change how a terminal or a reader treats those around them. */
static bool
is_steering(wchar_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static char *
escape(const char *text, bool json)
{
    char *out = NULL;
    size_t size = 0;
    mbstate_t state = {0};
    FILE *stream = open_memstream(&out, &size);

    if (!stream)
        abort();
    while (*text) {
        wchar_t c;
        size_t used = mbrtowc(&c, text, strlen(text), &state);

        if (used == (size_t)-1 || used == (size_t)-2) {
            /* Not UTF-8: only possible from argv, as jansson refuses it in replies. */
            fprintf(stream, "\\x%02x", (unsigned char)*text++);
            memset(&state, 0, sizeof(state));
            continue;
        }
        if (json ? c != '\n' && is_steering(c) : is_steering(c) || wcwidth(c) < 0)
            fprintf(stream, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
        else
            fwrite(text, 1, used, stream);
        text += used;
    }
    if (fclose(stream) != 0)
        abort();
    return out;
}

char *
text_escape(const char *text)
{
    return escape(text, false);
}

char *
text_escape_json(const char *json)
{
    return escape(json, true);
}

char *
text_shell_quote(const char *word)
{
    char *quoted = mem_string("'"), *longer;

    for (size_t part; *word; word += part) {
        part = *word == '\'' ? 1 : strcspn(word, "'");
        longer = *word == '\'' ? mem_format("%s'\\''", quoted)
                               : mem_format("%s%.*s", quoted, (int)part, word);
        free(quoted);
        quoted = longer;
    }
    longer = mem_format("%s'", quoted);
    free(quoted);
    return longer;
}

size_t
text_width(const char *text)
{
    size_t size = strlen(text) + 1;
    wchar_t *wide = mem_alloc(size * sizeof(*wide));
    size_t length = mbstowcs(wide, text, size);
    int width = length == (size_t)-1 ? -1 : wcswidth(wide, length);
    free(wide);
    return width < 0 ? strlen(text) : (size_t)width;
}

char *
text_cut(const char *text, size_t columns)
{
    size_t bytes = 0, width = 0;
    mbstate_t state = {0};

    if (text_width(text) <= columns || columns == 0)
        return mem_string(columns ? text : "");
    while (text[bytes]) {
        wchar_t c;
        size_t used = mbrtowc(&c, text + bytes, strlen(text + bytes), &state);

        /* One column is reserved for the ellipsis. */
        if (used == (size_t)-1 || used == (size_t)-2 || width + (size_t)wcwidth(c) > columns - 1)
            break;
        width += (size_t)wcwidth(c);
        bytes += used;
    }
    return mem_format("%.*s…", (int)bytes, text);
}

/* The bytes of the beginning that fits into `columns`, at least one character. */
static size_t
fitting_bytes(const char *text, size_t columns)
{
    size_t bytes = 0, width = 0, space = 0;
    mbstate_t state = {0};

    while (text[bytes]) {
        wchar_t c;
        size_t used = mbrtowc(&c, text + bytes, strlen(text + bytes), &state);

        if (used == (size_t)-1 || used == (size_t)-2)
            return strlen(text);
        width += (size_t)wcwidth(c);
        if (width > columns && bytes)
            return space ? space : bytes;
        bytes += used;
        if (c == L' ')
            space = bytes;
    }
    return bytes;
}

void
text_print_wrapped(const char *text, size_t indent, size_t columns)
{
    size_t room = columns > 2 * indent ? columns - indent : columns, bytes;

    for (; *text; text += bytes) {
        bytes = fitting_bytes(text, room);
        printf("%*s%.*s\n", columns > room ? (int)indent : 0, "", (int)bytes, text);
    }
}

char *
text_age(long long seconds)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < 60)
        return mem_format("%llds", seconds);
    if (seconds < 3600)
        return mem_format("%lldm", seconds / 60);
    if (seconds < 86400)
        return mem_format("%lldh %lldm", seconds / 3600, seconds % 3600 / 60);
    return mem_format("%lldd %lldh", seconds / 86400, seconds % 86400 / 3600);
}

char *
text_time(const char *iso)
{
    struct tm utc = {0}, local;
    const char *rest = iso ? strptime(iso, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;

    if (!rest || (*rest != '.' && *rest != 'Z'))
        return mem_string(iso ? iso : "-");
    time_t at = timegm(&utc), now = time(NULL);
    char stamp[64];

    if (!localtime_r(&at, &local) ||
        !strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S %Z", &local))
        return mem_string(iso);
    char *age = text_age(at > now ? at - now : now - at);
    char *text = mem_format("%s (%s%s)", stamp, at > now ? "in " : "", age);
    free(age);
    return text;
}

static char *
text_of_list(const json_t *list)
{
    char *text = mem_string(json_array_size(list) ? "" : "-");
    size_t i;
    json_t *one;

    json_array_foreach(list, i, one)
    {
        char *item = text_of_json(one);
        char *longer = mem_format("%s%s%s", text, i ? ", " : "", item);

        free(item);
        free(text);
        text = longer;
    }
    return text;
}

char *
text_of_json(const json_t *value)
{
    if (!value || json_is_null(value))
        return mem_string("-");
    if (json_is_string(value))
        return mem_string(json_string_value(value));
    if (json_is_array(value))
        return text_of_list(value);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    if (!text)
        abort();
    return text;
}

static void print_escaped(FILE *stream, const char *before, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void
print_escaped(FILE *stream, const char *before, const char *format, va_list args)
{
    char *raw = text_vformat(format, args);
    char *text = text_escape(raw);

    fprintf(stream, "%s%s\n", before, text);
    free(text);
    free(raw);
}

void
text_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_escaped(stdout, "", format, args);
    va_end(args);
}

void
text_complain(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    va_start(args, format);
    print_escaped(stderr, "pumplinectl: ", format, args);
    va_end(args);
}
