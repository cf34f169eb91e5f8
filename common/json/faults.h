/* Faults in a JSON document: all faults of a configuration, a recipe or a request are reported at
 * once, each with its file and JSON pointer (RFC 6901). */
#ifndef COMMON_JSON_FAULTS_H
#define COMMON_JSON_FAULTS_H

#include <jansson.h>
#include <stddef.h>

/* One fault. A growing list. */
struct json_fault {
    char *file;    /* as it was given */
    char *pointer; /* "/erp/url"; "" is the whole document */
    char *text;
};

struct json_faults {
    struct json_fault *items;
    size_t count;
};

void json_fault_add(struct json_faults *faults, const char *file, const char *pointer,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
void json_faults_add(struct json_faults *faults, const struct json_faults *more);
void json_faults_clear(struct json_faults *faults);
json_t *json_faults_json(const struct json_faults *faults); /* [{"file", "pointer", "detail"}] */

/* Appends "/name", escaped, to a pointer, as far as it fits. */
void json_pointer_add(char *pointer, size_t size, const char *name);

#endif
