/* Characters, by libutf8proc. */
#include "common/base/text_value.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/base/err.h"

/* -1 and one byte if it is not UTF-8. */
static size_t
next_character(const char *text, size_t length, utf8proc_int32_t *c)
{
    utf8proc_ssize_t size =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, c);

    return size > 0 ? (size_t)size : 1;
}

static bool
is_control(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);

    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

static bool
is_space(utf8proc_int32_t c)
{
    return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS || is_control(c);
}

/* Unicode's Default_Ignorable_Code_Point and all format characters: zero-width spaces and joiners,
 * the byte order mark, direction marks, the soft hyphen, fillers. */
static bool
is_invisible(utf8proc_int32_t c)
{
    return c >= 0 &&
           (utf8proc_category(c) == UTF8PROC_CATEGORY_CF || utf8proc_get_property(c)->ignorable);
}

/* Printable ASCII is neither a control character nor invisible: most text is no more. */
static bool
has(const char *text, size_t length, bool (*is)(utf8proc_int32_t c))
{
    utf8proc_int32_t c;

    for (size_t i = 0; i < length;) {
        if (text[i] >= ' ' && text[i] <= '~') {
            i++;
            continue;
        }
        i += next_character(text + i, length - i, &c);
        if (is(c))
            return true;
    }
    return false;
}

bool
text_has_control(const char *text, size_t length)
{
    return has(text, length, is_control);
}

bool
text_is_blank(const char *text)
{
    size_t length = strlen(text);
    utf8proc_int32_t c = ' ';

    for (size_t i = 0; i < length && is_space(c);)
        i += next_character(text + i, length - i, &c);
    return is_space(c);
}

static utf8proc_int32_t
last_character(const char *text, size_t length)
{
    size_t at = length;
    utf8proc_int32_t c;

    while (at && ((unsigned char)text[--at] & 0xc0) == 0x80)
        ;
    next_character(text + at, length - at, &c);
    return c;
}

const char *
text_value_wrong(const char *text, size_t length)
{
    utf8proc_int32_t first;

    if (!length)
        return NULL;
    if (has(text, length, is_control))
        return "contains a control character";
    if (has(text, length, is_invisible))
        return "contains an invisible character, such as a zero-width space or a byte order mark";
    next_character(text, length, &first);
    if (is_space(first))
        return "begins with white space";
    return is_space(last_character(text, length)) ? "ends with white space" : NULL;
}

static bool
is_ascii(const char *text)
{
    while (*text && !((unsigned char)*text & 0x80))
        text++;
    return !*text;
}

char *
text_nfc(const char *text)
{
    utf8proc_uint8_t *normal = NULL;

    if (is_ascii(text))
        return mem_string(text);
    if (utf8proc_map((const utf8proc_uint8_t *)text, 0, &normal,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE) ==
        UTF8PROC_ERROR_NOMEM)
        die_abort("out of memory while normalising text");
    return normal ? (char *)normal : mem_string(text);
}

void
text_nfc_in_place(char *text, size_t size)
{
    char *normal = is_ascii(text) ? NULL : text_nfc(text);

    if (normal && strlen(normal) < size)
        text_copy(text, size, normal);
    free(normal);
}

bool
text_same(const char *a, const char *b)
{
    char *x = text_nfc(a), *y = text_nfc(b);
    bool same = strcmp(x, y) == 0;

    free(x);
    free(y);
    return same;
}
