/* A workshop's file, or its slice on the channel: either valid, with views that are JSON, or
 * rejected with faults that are. */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/secret.h"
#include "common/config/config.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    return 0;
}

/* As a worker receives it. */
static void
read_slice(json_t *document)
{
    json_t *slice =
        json_pack("{s:s s:O s:o}", "slug", "slug", "document", document, "recipe", json_object());
    struct json_faults faults = {NULL, 0};
    struct workshop_config *w = workshop_config_of_slice(slice, &faults);

    if (w && (!json_is_object(w->document) || w->faults.count))
        abort();
    workshop_config_free(w);
    json_faults_clear(&faults);
    json_decref(slice);
    w = workshop_config_of_slice(document, &faults);
    workshop_config_free(w);
    json_faults_clear(&faults);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *document = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL), *view;
    struct json_faults faults = {NULL, 0};
    struct workshop_config *w;

    if (!document)
        return 0;
    w = workshop_config_new("slug", document, NULL, "file", &faults);
    view = w ? workshop_config_public(w) : json_faults_json(&faults);
    if (!w != (faults.count > 0) || !view || (!w && json_array_size(view) != faults.count))
        abort();
    if (w && (!w->port || !*w->name || !w->erp_system || !workshop_config_equal(w, w)))
        abort();
    json_decref(view);
    workshop_config_free(w);
    json_faults_clear(&faults);
    read_slice(document);
    json_decref(document);
    return 0;
}
