/* Splits texts at their braces, and expands them. filter.c has the filters. */
#include "common/template/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/template/filter.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
#define FILTERS_MAX 6

/* A part of a text: literal bytes, or a name with its filters. */
struct piece {
    const char *literal;
    size_t length;
    char name[TEMPLATE_NAME_MAX + 1]; /* empty: literal */
    struct template_filter_use filters[FILTERS_MAX];
    size_t filter_count;
};

static bool
fail(char *wrong, const char *what, const char *text, size_t length)
{
    char near[48];

    text_copy(near, length + 1 < sizeof near ? length + 1 : sizeof near, text);
    snprintf(wrong, TEMPLATE_WRONG_BYTES, "%s: %s", what, near);
    return false;
}

static bool
take_name(struct piece *piece, const char *text, size_t length, char *wrong)
{
    bool sound = length && length <= TEMPLATE_NAME_MAX && *text != '.' && text[length - 1] != '.' &&
                 !(*text >= '0' && *text <= '9') && strspn(text, NAME_CHARACTERS) >= length;

    if (!sound)
        return fail(wrong, "invalid name (write a literal brace twice)", text, length);
    memcpy(piece->name, text, length);
    piece->name[length] = '\0';
    return true;
}

/* The contents of {…}. */
static bool
take_inside(struct piece *piece, const char *text, size_t length, char *wrong)
{
    const char *end = text + length, *bar = memchr(text, '|', length);

    if (!take_name(piece, text, (size_t)((bar ? bar : end) - text), wrong))
        return false;
    while (bar) {
        const char *from = bar + 1;
        size_t size;

        bar = memchr(from, '|', (size_t)(end - from));
        size = (size_t)((bar ? bar : end) - from);
        if (piece->filter_count == FILTERS_MAX)
            return fail(wrong, "too many filters", text, length);
        if (!template_filter_parse(from, size, &piece->filters[piece->filter_count++]))
            return fail(wrong, "unknown filter", from, size);
    }
    return true;
}

/* Parses the part that starts at *at, which is not the end. */
static bool
take_piece(const char **at, struct piece *piece, char *wrong)
{
    const char *text = *at, *close;

    *piece = (struct piece){.literal = text, .length = strcspn(text, "{}")};
    if (!piece->length && text[0] == text[1]) {
        piece->length = 1;
        *at = text + 2;
        return true;
    }
    *at = text + piece->length;
    if (piece->length)
        return true;
    close = *text == '{' ? strchr(text, '}') : NULL;
    if (!close)
        return fail(wrong, "unmatched brace (write a literal brace twice)", text, strlen(text));
    *at = close + 1;
    return take_inside(piece, text + 1, (size_t)(close - text - 1), wrong);
}

/* --- check --- */

static bool
is_escaped(const struct piece *piece, const char *needs)
{
    for (size_t i = 0; i < piece->filter_count; i++)
        if (strcmp(piece->filters[i].filter->name, needs) == 0 ||
            strcmp(piece->filters[i].filter->name, "number") == 0)
            return true;
    return false;
}

/* As it is, or in a URL by the one filter that it needs there: masks know both. */
static bool
password_fits(const struct piece *piece, const struct template_rules *rules)
{
    bool basic = strcmp(piece->name, "credentials.basic") == 0;

    if (!basic && strcmp(piece->name, "credentials.password"))
        return true;
    if (!rules->password || !rules->needs)
        return rules->password && !piece->filter_count;
    return !basic && piece->filter_count == 1 &&
           strcmp(piece->filters[0].filter->name, rules->needs) == 0;
}

static bool
check_piece(const struct piece *piece, const struct template_rules *rules, char *wrong)
{
    const char *name = piece->name;

    if (!*name)
        return true;
    if (!rules->known(name, rules->arg))
        return fail(wrong, "undefined variable", name, strlen(name));
    if (!password_fits(piece, rules))
        return fail(wrong, rules->password_place ?: "allowed only in typed text, without a filter",
                    name, strlen(name));
    if (rules->needs && strncmp(name, "order.", 6) == 0 && !is_escaped(piece, rules->needs)) {
        snprintf(wrong, TEMPLATE_WRONG_BYTES, "needs a filter here: {%s|%s}", name, rules->needs);
        return false;
    }
    return true;
}

bool
template_check(const char *text, const struct template_rules *rules,
               char wrong[TEMPLATE_WRONG_BYTES])
{
    struct piece piece;

    while (*text)
        if (!take_piece(&text, &piece, wrong) || !check_piece(&piece, rules, wrong))
            return false;
    return true;
}

bool
template_surrounds(const char *text, const char *name, char *before, char *after)
{
    char wrong[TEMPLATE_WRONG_BYTES];
    struct piece piece;
    bool seen = false;

    *before = *after = '\0';
    while (*text) {
        if (!take_piece(&text, &piece, wrong))
            return false;
        if (*piece.name && (seen || piece.filter_count || strcmp(piece.name, name)))
            return false;
        if (*piece.name)
            seen = true;
        else if (!seen)
            *before = piece.literal[piece.length - 1];
        else if (!*after)
            *after = *piece.literal;
    }
    return seen;
}

/* --- expand --- */

struct text_buffer {
    char *text;
    size_t length, size;
};

/* Not realloc: it may leave a copy of a password in memory. */
static void
text_buffer_add(struct text_buffer *buffer, const char *text, size_t length)
{
    if (buffer->length + length >= buffer->size) {
        size_t size = 2 * (buffer->length + length) + 64;
        char *wider = mem_alloc(size);

        if (buffer->text)
            memcpy(wider, buffer->text, buffer->length);
        template_free(buffer->text);
        buffer->text = wider;
        buffer->size = size;
    }
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

static char *
filtered(const struct piece *piece, const char *value, char *wrong)
{
    char *text = mem_string(value);

    for (size_t i = 0; text && i < piece->filter_count; i++) {
        char *next = piece->filters[i].filter->apply(text, piece->filters[i].argument);

        if (!next)
            snprintf(wrong, TEMPLATE_WRONG_BYTES, "the value of {%s} does not fit the filter %s",
                     piece->name, piece->filters[i].filter->name);
        template_free(text);
        text = next;
    }
    return text;
}

static bool
add_piece(struct text_buffer *buffer, const struct piece *piece, template_lookup *lookup, void *arg,
          char *wrong)
{
    const char *value;
    char *text;

    if (!*piece->name) {
        text_buffer_add(buffer, piece->literal, piece->length);
        return true;
    }
    value = lookup(piece->name, arg);
    if (!value && piece->filter_count && strcmp(piece->filters[0].filter->name, "or") == 0)
        value = "";
    if (!value)
        return fail(wrong, "variable has no value yet", piece->name, strlen(piece->name));
    text = filtered(piece, value, wrong);
    if (text)
        text_buffer_add(buffer, text, strlen(text));
    template_free(text);
    return text != NULL;
}

char *
template_expand(const char *text, template_lookup *lookup, void *arg,
                char wrong[TEMPLATE_WRONG_BYTES])
{
    struct text_buffer buffer = {NULL, 0, 0};
    struct piece piece;

    text_buffer_add(&buffer, "", 0);
    while (*text)
        if (!take_piece(&text, &piece, wrong) || !add_piece(&buffer, &piece, lookup, arg, wrong)) {
            template_free(buffer.text);
            return NULL;
        }
    return buffer.text;
}

void
template_free(char *text)
{
    if (text)
        secret_wipe(text, strlen(text));
    free(text);
}
