/* JSON from outside: request bodies and configuration files. */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* Whether the text has at most that many values: strings, numbers, arrays, objects …, names
 * included. In memory an empty array takes fifty times its text, so check untrusted text before
 * parsing. */
bool json_text_within(const char *text, size_t length, size_t values);

/* The bytes of a byte order mark at the beginning, which is skipped: 3 or 0. */
size_t json_text_mark(const char *text, size_t length);

/* flags: jansson's; duplicate members and NUL bytes are always refused. The caller owns the result.
 * NULL with *err: code "invalid_json", text "line 3, column 7: …", which quotes nothing of the
 * text, since it may be a password. */
json_t *json_text_read(const char *text, size_t length, size_t flags, struct err *err);

#endif
