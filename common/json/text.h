/* JSON from outside: request bodies and configuration files. */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* Whether the text has that many values at most: strings, numbers, arrays, objects …, names
 * included. In memory an empty array takes fifty times its text, so whoever reads what a stranger
 * has sent asks this first. */
bool json_text_within(const char *text, size_t length, size_t values);

/* The bytes of a byte order mark at the beginning, which is skipped: 3 or 0. */
size_t json_text_mark(const char *text, size_t length);

/* flags: jansson's; duplicate members are always refused, and so is a NUL byte. The caller owns the
 * result. NULL with *err: code "invalid_json", text "line 3, column 7: …", which quotes nothing of
 * the text, since it may be a password. */
json_t *json_text_read(const char *text, size_t length, size_t flags, struct err *err);

#endif
