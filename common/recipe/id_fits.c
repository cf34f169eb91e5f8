/* Which ids a recipe can distinguish from every other: an id with a character that marks its end,
 * or that a page cannot show, is refused before anything is sent. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/recipe/id.h"
#include "common/recipe/recipe.h"

/* White space that HTML does not collapse, and invisible characters. */
static const struct {
    uint32_t first, last;
} unseen[] = {{0xa0, 0xa0},     {0xad, 0xad},      {0x34f, 0x34f},   {0x61c, 0x61c},
              {0x115f, 0x1160}, {0x1680, 0x1680},  {0x17b4, 0x17b5}, {0x180b, 0x180f},
              {0x2000, 0x200f}, {0x2028, 0x202f},  {0x205f, 0x206f}, {0x3000, 0x3000},
              {0x3164, 0x3164}, {0xfe00, 0xfe0f},  {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
              {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};

/* Code points that a browser's driver takes for keys. */
#define KEY_FIRST 0xe000
#define KEY_LAST 0xe05d

/* The character at *text, which is UTF-8; advances *text. */
static uint32_t
take_point(const char **text)
{
    static const unsigned char masks[] = {0x7f, 0x3f, 0x1f, 0x0f, 0x07};
    const unsigned char *at = (const unsigned char *)*text;
    size_t length = *at < 0xc0 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    uint32_t point = *at & masks[length == 1 ? 0 : length];

    for (size_t i = 1; i < length && at[i]; i++)
        point = point << 6 | (at[i] & 0x3f);
    *text += strnlen(*text, length);
    return point;
}

static bool
is_unseen(uint32_t point)
{
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (point >= unseen[i].first && point <= unseen[i].last)
            return true;
    return false;
}

static bool misfit(char *wrong, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
misfit(char *wrong, const char *format, ...)
{
    char why[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    snprintf(wrong, RECIPE_WRONG_BYTES, "this ERP cannot show its uniqueid unambiguously: it %s",
             why);
    return false;
}

static bool
point_fits(const struct recipe_id *id, bool typed, uint32_t point, char *wrong)
{
    if (typed && point >= KEY_FIRST && point <= KEY_LAST)
        return misfit(wrong, "contains U+%04X, which WebDriver types as a special key",
                      (unsigned)point);
    if (id->in_text && is_unseen(point))
        return misfit(wrong, "contains U+%04X, which a page may not show", (unsigned)point);
    if (point < 0x80 && strchr(id->signs, (int)point))
        return misfit(wrong, "contains %c, which the page uses as a delimiter", (int)point);
    return true;
}

/* Most programs trim stored texts. */
static bool
ends_fit(const char *uniqueid)
{
    uint32_t point = ' ', last;

    last = take_point(&(const char *){uniqueid});
    if (last == ' ' || is_unseen(last))
        return false;
    while (*uniqueid)
        point = take_point(&uniqueid);
    return point != ' ' && !is_unseen(point);
}

/* Whether a character is in a set such as "A-Za-z0-9-"; a hyphen counts at the end alone. */
static bool
in_set(const char *set, char sign)
{
    for (const char *at = set; *at; at++) {
        bool range = at[1] == '-' && at[2];

        if (range ? sign >= at[0] && sign <= at[2] : sign == *at)
            return true;
        at += range ? 2 : 0;
    }
    return false;
}

static bool
within_rules(const json_t *rules, const char *uniqueid, char *wrong)
{
    const json_t *max = json_object_get(rules, "max_bytes");
    const char *set = json_string_value(json_object_get(rules, "characters"));

    if (max && (json_int_t)strlen(uniqueid) > json_integer_value(max))
        return misfit(wrong, "is longer than %lld bytes", (long long)json_integer_value(max));
    for (const char *at = uniqueid; set && *at; at++)
        if (!in_set(set, *at))
            return misfit(wrong, "contains characters other than %.80s", set);
    return true;
}

bool
recipe_id_fits(const json_t *recipe, const char *uniqueid, char wrong[RECIPE_WRONG_BYTES])
{
    const struct recipe_id id = recipe_id_of(recipe);
    const json_t *rules = json_object_get(recipe, "uniqueid");
    bool http = recipe_is_http(recipe);

    if (http && !within_rules(rules, uniqueid, wrong))
        return false;
    if (!json_is_true(json_object_get(rules, "spaces")) && !ends_fit(uniqueid))
        return misfit(wrong, "begins or ends with a space");
    if (id.in_text && strstr(uniqueid, "  "))
        return misfit(wrong, "contains two consecutive spaces, which a page shows as one");
    for (const char *at = uniqueid; *at;)
        if (!point_fits(&id, !http, take_point(&at), wrong))
            return false;
    return true;
}

json_t *
recipe_id_notes(const json_t *recipe)
{
    const struct recipe_id id = recipe_id_of(recipe);
    json_t *notes = json_array();

    if (id.in_text)
        json_array_append_new(
            notes, json_string("the recipe compares the uniqueid with page text, which does not "
                               "show all spaces: an order is refused before the commit if its "
                               "uniqueid contains two consecutive spaces or an unusual space"));
    if (*id.signs) {
        char *text = mem_format("an order is refused before the commit if its uniqueid contains "
                                "one of %s: the page uses them as delimiters",
                                id.signs);

        json_array_append_new(notes, json_string(text));
        free(text);
    }
    return notes;
}
