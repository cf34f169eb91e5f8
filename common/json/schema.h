/* What an object of an attacker's may hold: members by name, each with its kind and its size.
 *
 * What is not in the table, or not as the table says, is not copied, so later code need not check
 * again.
 */
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

/* A new object with the members that are as they should be. *unsound: the name of one that is known
 * and is not (a literal of the table), unchanged if everything was copied; may be NULL. */
json_t *schema_copy(const struct schema_member *members, const json_t *from, const char **unsound);

#endif
