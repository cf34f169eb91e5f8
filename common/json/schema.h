/* Filters an untrusted object: members by name, each with its kind and size.
 *
 * What is not in the table, or does not match it, is not copied, so later code need not check
 * again. */
#ifndef COMMON_JSON_SCHEMA_H
#define COMMON_JSON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum schema_kind {
    SCHEMA_TRUTH,  /* true or false */
    SCHEMA_NUMBER, /* a whole number from 0 to 2^53 */
    SCHEMA_TEXT,   /* of at most max bytes */
    SCHEMA_TEXTS,  /* an array of at most max strings, each of at most SCHEMA_TEXTS_BYTES */
    SCHEMA_OBJECT  /* of these members */
};

#define SCHEMA_TEXTS_BYTES 256

struct schema_member {
    const char *name; /* NULL ends a table */
    enum schema_kind kind;
    bool or_null;
    size_t max;
    const struct schema_member *members;
};

/* A new object with the valid members. *unsound: the name (a literal of the table) of a known
 * member that is invalid; unchanged if everything was copied; may be NULL. */
json_t *schema_copy(const struct schema_member *members, const json_t *from, const char **unsound);

#endif
