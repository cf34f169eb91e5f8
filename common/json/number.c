/* Scans JSON text without validating it: that is the parser's job. */
#include "common/json/number.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"

#define DIGITS "0123456789"
#define DIGITS_MAX 64
#define EXPONENT_MAX 999

struct cursor {
    const char *at, *end;
};

static void
skip_space(struct cursor *c)
{
    while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
        c->at++;
}

static void
skip_string(struct cursor *c)
{
    for (c->at++; c->at < c->end && *c->at != '"'; c->at++)
        if (*c->at == '\\')
            c->at++;
    c->at++;
}

/* Skips one value of any kind: brackets are balanced, strings are opaque. */
static void
skip_value(struct cursor *c)
{
    int depth = 0;

    while (c->at < c->end) {
        if (*c->at == '"') {
            skip_string(c);
            if (!depth)
                return;
            continue;
        }
        if (*c->at == '{' || *c->at == '[')
            depth++;
        else if (depth && (*c->at == '}' || *c->at == ']') && --depth == 0) {
            c->at++;
            return;
        } else if (!depth && strchr(",} \t\r\n", *c->at))
            return;
        c->at++;
    }
}

/* Names may be written with escapes: the parser decodes them. */
static bool
name_is(const char *from, const char *to, const char *name)
{
    json_t *text = json_loadb(from, (size_t)(to - from), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool same = text && json_string_length(text) == strlen(name) &&
                memcmp(json_string_value(text), name, strlen(name)) == 0;

    json_decref(text);
    return same;
}

static bool
copy_number(const char *from, const char *to, char *text, size_t size)
{
    size_t length = (size_t)(to - from);

    if (!length || !strchr("-0123456789", *from) || length >= size)
        return false;
    memcpy(text, from, length);
    text[length] = '\0';
    return true;
}

bool
json_number_text(const char *document, size_t length, const char *name, char *text, size_t size)
{
    struct cursor c = {document, document + length};

    skip_space(&c);
    for (c.at++; c.at < c.end; c.at++) {
        const char *key, *value;
        bool found;

        skip_space(&c);
        if (c.at >= c.end || *c.at != '"')
            return false;
        key = c.at;
        skip_string(&c);
        found = name_is(key, c.at, name);
        skip_space(&c);
        c.at++;
        skip_space(&c);
        value = c.at;
        skip_value(&c);
        if (found)
            return copy_number(value, c.at, text, size);
        skip_space(&c);
    }
    return false;
}

#define MARK "\\u0001" /* as JSON writes it */

/* One string or number or single character of the document, to the copy. */
static char *
mark_token(struct cursor *c, char *to)
{
    const char *from = c->at;
    bool real = false;

    if (*from == '"') {
        skip_string(c);
        c->at = c->at > c->end ? c->end : c->at;
    } else if (*from && strchr("-" DIGITS, *from)) {
        for (; c->at < c->end && *c->at && strchr("+-.eE" DIGITS, *c->at); c->at++)
            real |= strchr(".eE", *c->at) != NULL;
    } else {
        c->at++;
    }
    if (real)
        to = stpcpy(to, "\"" MARK);
    to = (char *)mempcpy(to, from, (size_t)(c->at - from));
    if (real)
        *to++ = '"';
    return to;
}

/* A real has two characters or more. */
char *
json_number_mark(const char *document, size_t length)
{
    struct cursor c = {document, document + length};
    char *copy = mem_alloc((2 + strlen(MARK)) * length + 2), *to = copy;

    while (c.at < c.end)
        to = mark_token(&c, to);
    *to = '\0';
    return copy;
}

/* A number as its digits, without zeros around them, and the place of the point among them. */
struct scientific {
    bool negative;
    char digits[DIGITS_MAX];
    long count, point;
};

static bool
take_digits(const char **at, struct scientific *n)
{
    size_t length = strspn(*at, DIGITS);

    if (!length || length > (size_t)(DIGITS_MAX - n->count))
        return false;
    memcpy(n->digits + n->count, *at, length);
    n->count += (long)length;
    *at += length;
    return true;
}

static bool
take_exponent(const char **at, struct scientific *n)
{
    char *end;
    long exponent = strtol(*at + 1, &end, 10);

    if (end == *at + 1 || !strchr("+-" DIGITS, (*at)[1]))
        return false;
    if (exponent < -EXPONENT_MAX || exponent > EXPONENT_MAX)
        return false;
    n->point += exponent;
    *at = end;
    return true;
}

static void
trim_zeros(struct scientific *n)
{
    long zeros = 0;

    while (n->count && n->digits[n->count - 1] == '0')
        n->count--;
    while (zeros < n->count && n->digits[zeros] == '0')
        zeros++;
    n->count -= zeros;
    n->point = n->count ? n->point - zeros : 0;
    memmove(n->digits, n->digits + zeros, (size_t)n->count);
}

static bool
scientific_read(const char *number, struct scientific *n)
{
    const char *at = number + (*number == '-');

    *n = (struct scientific){.negative = *number == '-'};
    if (!take_digits(&at, n))
        return false;
    n->point = n->count;
    if (*at == '.' && (at++, !take_digits(&at, n)))
        return false;
    if ((*at == 'e' || *at == 'E') && !take_exponent(&at, n))
        return false;
    trim_zeros(n);
    return !*at;
}

/* A string of the document, to the copy. */
static char *
unmark_string(const char *from, size_t length, char *to)
{
    static const char marked[] = "\"" MARK;
    char number[DIGITS_MAX];
    struct scientific n;

    if (length > sizeof marked && length - sizeof marked < sizeof number &&
        strncmp(from, marked, sizeof marked - 1) == 0) {
        snprintf(number, sizeof number, "%.*s", (int)(length - sizeof marked),
                 from + sizeof marked - 1);
        if (scientific_read(number, &n))
            return stpcpy(to, number);
    }
    return (char *)mempcpy(to, from, length);
}

char *
json_number_unmark(const char *document)
{
    struct cursor c = {document, document + strlen(document)};
    char *copy = mem_alloc(strlen(document) + 1), *to = copy;

    while (c.at < c.end) {
        const char *from = c.at;

        if (*from == '"') {
            skip_string(&c);
            to = unmark_string(from, (size_t)(c.at - from), to);
        } else {
            *to++ = *c.at++;
        }
    }
    *to = '\0';
    return copy;
}

bool
json_number_plain(const char *number, char *text, size_t size)
{
    struct scientific n;
    long whole, places;

    if (!scientific_read(number, &n))
        return false;
    whole = n.point > 1 ? n.point : 1;
    places = n.count > n.point ? n.count - n.point : 0;
    if ((size_t)(whole + places + 3) > size)
        return false;
    if (n.negative && n.count)
        *text++ = '-';
    for (long i = n.point - whole; i < n.point + places; i++) {
        if (i == n.point)
            *text++ = '.';
        *text++ = (char)(i >= 0 && i < n.count ? n.digits[i] : '0');
    }
    *text = '\0';
    return true;
}
