/* Parses JSON, and locates errors. */
#include "common/json/text.h"

#include <string.h>

#define MARK "\xef\xbb\xbf"
#define SPACE " \t\r\n"

/* A value starts a text, a member or an element, or ends a name: the separators between them are
 * counted, outside strings. */
bool
json_text_within(const char *text, size_t length, size_t values)
{
    size_t count = 1;
    bool string = false;

    for (size_t i = 0; i < length && count <= values; i++)
        if (string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            string = !string;
        else if (!string)
            count += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
    return count <= values;
}

size_t
json_text_mark(const char *text, size_t length)
{
    size_t mark = sizeof MARK - 1;

    return length >= mark && memcmp(text, MARK, mark) == 0 ? mark : 0;
}

/* Counted like the parser does: characters of a line, from 1. */
static int
fault_at(const char *text, const char *at, struct err *err, const char *what)
{
    int line = 1, column = 1;

    for (; text < at; text++)
        if (*text == '\n') {
            line++;
            column = 1;
        } else {
            column += ((unsigned char)*text & 0xc0) != 0x80;
        }
    return err_set(err, "invalid_json", "line %d, column %d: %s", line, column, what);
}

/* A comma before a closing bracket, if that bracket is the token where the parser stopped; NULL:
 * something else is wrong. */
static const char *
last_comma(const char *text, size_t position, const char *near)
{
    const char *at = text + position;

    if (at == text || !near || (strcmp(near, " near '}'") && strcmp(near, " near ']'")))
        return NULL;
    for (at--; at > text && strchr(SPACE, at[-1]); at--)
        ;
    return at > text && at[-1] == ',' ? at - 1 : NULL;
}

static void
describe(const char *text, size_t length, json_error_t *error, struct err *err)
{
    size_t position =
        error->position > 0 && (size_t)error->position < length ? (size_t)error->position : length;
    char *near = strstr(error->text, " near ");
    const char *comma = last_comma(text, position, near);

    if (near)
        *near = '\0';
    if (comma)
        fault_at(text, comma, err,
                 text[position - 1] == '}' ? "trailing comma before '}'"
                                           : "trailing comma before ']'");
    else
        err_set(err, "invalid_json", "line %d, column %d: %s", error->line, error->column,
                error->text);
}

json_t *
json_text_read(const char *text, size_t length, size_t flags, struct err *err)
{
    size_t mark = json_text_mark(text, length);
    const char *nul = memchr(text, '\0', length);
    json_error_t error;
    json_t *value;

    text += mark;
    length -= mark;
    if (nul) {
        fault_at(text, nul, err, "unexpected NUL byte");
        return NULL;
    }
    value = json_loadb(text, length, flags | JSON_REJECT_DUPLICATES, &error);
    if (!value)
        describe(text, length, &error, err);
    return value;
}
