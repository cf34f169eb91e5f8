#include "common/json/file.h"

#include "common/base/file_read.h"
#include "common/base/secret.h"
#include "common/json/text.h"

json_t *
config_read_json(const char *path, struct err *err)
{
    size_t length = 0;
    char *text = file_read(path, CONFIG_FILE_BYTES_MAX, &length, err);
    json_t *document = text ? json_text_read(text, length, 0, err) : NULL;

    secret_free(text);
    return document;
}

json_t *
config_read_document(const char *path, struct config_faults *faults)
{
    struct err err;
    json_t *document = config_read_json(path, &err);

    if (!document)
        config_fault_add(faults, path, "", "%s", err.text);
    return document;
}
