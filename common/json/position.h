/* Where a value stands in the text of a JSON document. */
#ifndef COMMON_JSON_POSITION_H
#define COMMON_JSON_POSITION_H

#include <stddef.h>

struct json_position {
    size_t line, column; /* from 1; column: in characters */
};

/* pointer: RFC 6901. Where there is no such value, it is the innermost one on the way that is
 * there. text: of a document that a JSON parser has accepted, NUL-terminated. */
struct json_position json_position(const char *text, const char *pointer);

#endif
