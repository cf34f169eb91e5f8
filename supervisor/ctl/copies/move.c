#include "supervisor/ctl/copies/move.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/disk.h"
#include "common/json/file.h"
#include "supervisor/ctl/term/text.h"

json_t *
move_document(const struct site *site, const char *slug)
{
    char *file = site_file(site, slug);
    struct err err;
    json_t *document = json_file_read(file, &err);

    if (!document)
        text_complain("%s: %s", file, err.text);
    free(file);
    return document;
}

int
move_write_document(const struct site *site, const char *slug, const json_t *document)
{
    char *file = site_file(site, slug), *text;
    struct err err = {.text = "is not a JSON object"};
    int result = -1;

    text = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (text && disk_make_folder(site->config.workshops_dir, 0700, &err) == 0 &&
        disk_replace(file, text, strlen(text), &err) == 0)
        result = site_give(site, file) ? err_errno(&err, "storage", "cannot chown") : 0;
    if (result)
        text_complain("%s: %s", file, err.text);
    free(text);
    free(file);
    return result;
}

json_t *
move_read(const char *folder)
{
    json_t *manifest = manifest_read(folder);
    const char *kind = json_string_value(json_object_get(manifest, "kind")),
               *id = json_string_value(json_object_get(manifest, "id"));

    if (manifest && (!kind || strcmp(kind, MOVE_KIND) || !id)) {
        text_complain("%s was not made by move-out: see `pumplinectl restore`", folder);
        json_decref(manifest);
        manifest = NULL;
    }
    return manifest;
}
