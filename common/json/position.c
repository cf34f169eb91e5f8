/* A walk along the pointer, past all that is not on the way. */
#include "common/json/position.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/json/faults.h"

static const char *
skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Behind a string, which *at begins. */
static const char *
skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        at += *at == '\\' && at[1];
    return at + (*at == '"');
}

static const char *
skip_value(const char *at)
{
    int depth = 0;

    do {
        at = skip_space(at);
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at && strchr("{[]},:", *at)) {
            depth += *at == '{' || *at == '[';
            depth -= *at == '}' || *at == ']';
            at++;
        } else {
            at += strcspn(at, ",:]} \t\r\n");
        }
    } while (depth > 0 && *at);
    return at;
}

/* Whether a pointer's first token is this name; *rest: what is behind it. */
static bool
is_token(const char *pointer, const char *name, const char **rest)
{
    char token[512] = "";
    size_t length = strcspn(pointer + 1, "/") + 1;

    json_pointer_add(token, sizeof token, name);
    *rest = pointer + length;
    return strlen(token) == length && strncmp(token, pointer, length) == 0;
}

/* Behind a value and the comma that follows it. */
static const char *
next_member(const char *at)
{
    at = skip_space(skip_value(at));
    return skip_space(at + (*at == ','));
}

/* The value of the member or element that the pointer's first token names; NULL: there is none. */
static const char *
step_in(const char *at, const char *pointer, const char **rest)
{
    bool object = *at == '{';
    size_t index = 0;
    char number[24];

    if (*at != '{' && *at != '[')
        return NULL;
    for (at = skip_space(at + 1); *at && *at != ']' && *at != '}'; at = next_member(at)) {
        const char *end = object ? skip_string(at) : at;
        json_t *key = object ? json_loadb(at, (size_t)(end - at), JSON_DECODE_ANY, NULL) : NULL;
        bool is;

        snprintf(number, sizeof number, "%zu", index++);
        is = is_token(pointer, object ? json_string_value(key) ?: "" : number, rest);
        json_decref(key);
        if (object)
            at = skip_space(skip_space(end) + 1);
        if (is)
            return at;
    }
    return NULL;
}

struct json_position
json_position(const char *text, const char *pointer)
{
    struct json_position position = {1, 1};
    const char *at = skip_space(text), *next;

    while (*pointer == '/' && (next = step_in(at, pointer, &pointer)))
        at = next;
    for (; text < at; text++) {
        if (*text == '\n')
            position = (struct json_position){position.line + 1, 1};
        else
            position.column += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return position;
}
