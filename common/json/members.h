/* Checking JSON objects against tables of members. */
#ifndef COMMON_JSON_MEMBERS_H
#define COMMON_JSON_MEMBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/json/faults.h"

#define JSON_PATH_MAX 512 /* of a path or a URL, with the NUL */

enum json_kind {
    JSON_KIND_TEXT,   /* a string of minimum…maximum bytes, without control characters */
    JSON_KIND_PATH,   /* an absolute path */
    JSON_KIND_URL,    /* http:// or https://, a host, no user, query or fragment */
    JSON_KIND_SECRET, /* plain, minimum…maximum bytes, or {"sealed": "…"} */
    JSON_KIND_BOOL,
    JSON_KIND_INTEGER, /* minimum…maximum */
    JSON_KIND_SECONDS, /* a number, minimum…maximum */
    JSON_KIND_CHOICE,  /* one of choices */
    JSON_KIND_OBJECT,  /* the caller checks its members */
    JSON_KIND_ARRAY
};

struct json_member {
    const char *name;
    enum json_kind kind;
    bool required;
    bool nullable;
    int64_t minimum, maximum;
    const char *const *choices; /* NULL-terminated; of an array: of its elements */
    /* The members of an object, or of an array's elements; NULL: no objects, or members without a
     * single table. */
    const struct json_table *(*inside)(void);
    const struct json_table *(*each)(void); /* of an object: the members of each of its members */
    const char *pattern; /* of a text, for the schema; the caller checks it, too */
};

struct json_table {
    const struct json_member *members;
    size_t count;
};

/* The file, and the pointer to the object whose members are checked. */
struct json_location {
    const char *file, *pointer;
    struct json_faults *faults;
};

/* Adds a fault for each unknown, missing or wrong member; returns whether there was none. */
bool json_check_members(const json_t *object, const struct json_member *members, size_t count,
                        const struct json_location *location);

/* Adds a fault at pointer/name. */
void json_check_fault(const struct json_location *location, const char *name, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

/* {"enum": [choices]} for a JSON schema; NULL ends the choices. The caller owns it. */
json_t *json_choices_schema(const char *const *choices);

#endif
