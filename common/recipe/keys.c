#include <string.h>
#include <strings.h>

#include "common/recipe/recipe.h"

struct key {
    const char *name;
    uint32_t code;
};

/* The code points are those of the WebDriver standard. */
static const struct key modifiers[] = {{"Ctrl+", 0xe009},
                                       {"Control+", 0xe009},
                                       {"Shift+", 0xe008},
                                       {"Alt+", 0xe00a},
                                       {"Meta+", 0xe03d}};

static const struct key keys_by_name[] = {
    {"Enter", 0xe007},     {"Tab", 0xe004},        {"Escape", 0xe00c},    {"Esc", 0xe00c},
    {"Backspace", 0xe003}, {"Delete", 0xe017},     {"Insert", 0xe016},    {"Home", 0xe011},
    {"End", 0xe010},       {"PageUp", 0xe00e},     {"PageDown", 0xe00f},  {"Left", 0xe012},
    {"Up", 0xe013},        {"Right", 0xe014},      {"Down", 0xe015},      {"ArrowLeft", 0xe012},
    {"ArrowUp", 0xe013},   {"ArrowRight", 0xe014}, {"ArrowDown", 0xe015}, {"Space", ' '},
    {"F1", 0xe031},        {"F2", 0xe032},         {"F3", 0xe033},        {"F4", 0xe034},
    {"F5", 0xe035},        {"F6", 0xe036},         {"F7", 0xe037},        {"F8", 0xe038},
    {"F9", 0xe039},        {"F10", 0xe03a},        {"F11", 0xe03b},       {"F12", 0xe03c},
};

static bool
add_modifier(const char **text, struct recipe_keys *keys)
{
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++) {
        size_t length = strlen(modifiers[i].name);

        if (strncasecmp(*text, modifiers[i].name, length) || !(*text)[length])
            continue;
        if (keys->count + 1 == RECIPE_KEYS_MAX)
            return false;
        keys->codes[keys->count++] = modifiers[i].code;
        *text += length;
        return true;
    }
    return false;
}

bool
recipe_keys_parse(const char *text, struct recipe_keys *keys)
{
    *keys = (struct recipe_keys){.count = 0};
    while (add_modifier(&text, keys))
        ;
    if (*text > ' ' && *text < 0x7f && !text[1]) {
        /* With Ctrl the key counts, not the upper-case letter. */
        bool lower = keys->count && *text >= 'A' && *text <= 'Z';

        keys->codes[keys->count++] = (uint32_t)(lower ? *text | 0x20 : *text);
        return true;
    }
    for (size_t i = 0; i < sizeof keys_by_name / sizeof *keys_by_name; i++)
        if (strcasecmp(keys_by_name[i].name, text) == 0) {
            keys->codes[keys->count++] = keys_by_name[i].code;
            return true;
        }
    return false;
}
