/* Checking JSON objects against tables of members. */
#ifndef COMMON_JSON_MEMBERS_H
#define COMMON_JSON_MEMBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/json/faults.h"

#define CONFIG_PATH_MAX 512 /* of a path or a URL, with the NUL */

enum config_kind {
    CONFIG_TEXT,   /* a string of minimum…maximum bytes, without control characters */
    CONFIG_PATH,   /* an absolute path */
    CONFIG_URL,    /* http:// or https://, a host, no user, query or fragment */
    CONFIG_SECRET, /* plain, minimum…maximum bytes, or {"sealed": "…"} */
    CONFIG_BOOL,
    CONFIG_INTEGER, /* minimum…maximum */
    CONFIG_SECONDS, /* a number, minimum…maximum */
    CONFIG_CHOICE,  /* one of choices */
    CONFIG_OBJECT,  /* the caller checks its members */
    CONFIG_ARRAY
};

struct config_member {
    const char *name;
    enum config_kind kind;
    bool required;
    bool nullable;
    int64_t minimum, maximum;
    const char *const *choices; /* NULL-terminated; of an array: of its elements */
    /* The members of an object, or of an array's elements; NULL: no objects, or members without a
     * single table. */
    const struct config_table *(*inside)(void);
};

struct config_table {
    const struct config_member *members;
    size_t count;
};

/* The file, and the pointer to the object whose members are checked. */
struct config_location {
    const char *file, *pointer;
    struct config_faults *faults;
};

/* Adds a fault for each unknown, missing or wrong member; returns whether there was none. */
bool config_check_members(const json_t *object, const struct config_member *members, size_t count,
                          const struct config_location *location);

/* Adds a fault at pointer/name. */
void config_check_fault(const struct config_location *location, const char *name,
                        const char *format, ...) __attribute__((format(printf, 3, 4)));

/* {"enum": [choices]} for a JSON schema; NULL ends the choices. The caller owns it. */
json_t *config_choices_schema(const char *const *choices);

#endif
