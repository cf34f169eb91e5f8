#include "common/json/file.h"

#include <string.h>

#include "common/base/file_read.h"
#include "common/base/secret.h"
#include "common/json/text.h"

json_t *
json_file_read(const char *path, struct err *err)
{
    size_t length = 0;
    char *text = file_read(path, CONFIG_FILE_BYTES_MAX, &length, err);
    json_t *document = NULL;

    if (text && !text[strspn(text, " \t\r\n")] && !memchr(text, '\0', length))
        err_set(err, "invalid_json", "the file is empty");
    else if (text)
        document = json_text_read(text, length, 0, err);
    secret_free(text);
    return document;
}

json_t *
json_file_document(const char *path, struct json_faults *faults)
{
    struct err err;
    json_t *document = json_file_read(path, &err);

    if (!document)
        json_fault_add(faults, path, "", "%s", err.text);
    return document;
}
