/* JSON files written by others: configuration, recipes, request bodies on disk. */
#ifndef COMMON_JSON_FILE_H
#define COMMON_JSON_FILE_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/json/faults.h"

#define CONFIG_FILE_BYTES_MAX (1u << 20)

/* Reads a JSON file, which may contain a password: none of its text stays in memory. NULL with
 * *err, whose text neither names the path nor quotes the file, and whose code is one of
 * common/base/file_read.h or "invalid_json". */
json_t *json_file_read(const char *path, struct err *err);

/* Reads a JSON file, its text in secret memory; NULL with a fault that quotes nothing of it. */
json_t *json_file_document(const char *path, struct json_faults *faults);

#endif
