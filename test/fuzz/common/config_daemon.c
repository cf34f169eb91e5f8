/* pumpline.json and the workshops' files: either valid, or rejected with faults that are valid
 * JSON. */
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/config.h"
#include "test/fuzz/fuzz.h"

static char *path, *workshop_path;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char *folder = mem_format("%s/workshops.d", fuzz_folder());

    (void)argc;
    (void)argv;
    secret_start();
    REQUIRE(mkdir(folder, 0700) == 0);
    path = mem_format("%s/pumpline.json", fuzz_folder());
    workshop_path = mem_format("%s/w.json", folder);
    free(folder);
    return 0;
}

static void
check_faults(const struct json_faults *faults)
{
    json_t *list = json_faults_json(faults);

    REQUIRE(json_array_size(list) == faults->count);
    json_decref(list);
}

static void
check_config(const struct daemon_config *config)
{
    REQUIRE(*config->control_socket == '/' && *config->state_dir == '/' &&
            *config->key_file == '/');
    REQUIRE(!*config->log_dir || *config->log_dir == '/');
    REQUIRE(*config->sandbox && *config->webdriver_url);
    for (size_t i = 0; i < config->workshop_count; i++) {
        const struct workshop_config *w = config->workshops[i];

        REQUIRE(*w->slug && *w->name && json_is_object(w->document));
        check_faults(&w->faults);
    }
}

/* The daemon's document, an empty line, a workshop's document. */
static void
write_files(const uint8_t *data, size_t size)
{
    const uint8_t *end = memmem(data, size, "\n\n", 2);
    size_t length = end ? (size_t)(end - data) : size;

    fuzz_write(path, data, length);
    if (end)
        fuzz_write(workshop_path, end + 2, size - length - 2);
    else
        unlink(workshop_path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_faults faults = {NULL, 0}, more = {NULL, 0};
    struct daemon_config *config, *each, paths;
    struct err err;

    fuzz_begin();
    write_files(data, size);
    config = config_load(path, &faults);
    each = config_load_each(path, &more);
    REQUIRE(!config == (faults.count > 0) && !each == (more.count > 0));
    REQUIRE(each || !config);
    check_faults(&faults);
    check_faults(&more);
    if (each) {
        check_config(each);
        REQUIRE(config_paths(path, &paths, &err) == 0 &&
                strcmp(paths.state_dir, each->state_dir) == 0);
    }
    config_free(config);
    config_free(each);
    json_faults_clear(&faults);
    json_faults_clear(&more);
    return 0;
}
