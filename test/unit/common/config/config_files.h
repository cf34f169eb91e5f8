/* A folder with pumpline.json and workshops' files, and what loading them gives. */
#ifndef TEST_CONFIG_FILES_H
#define TEST_CONFIG_FILES_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/secret.h"
#include "common/config/config.h"

#define BENNY                                                                                      \
    "{\"workshop\":\"Bennys Auto\",\"listen\":\"127.0.0.1:8101\","                                 \
    "\"erp\":{\"system\":\"tryton\",\"url\":\"http://127.0.0.1:8000/erp/\"}"
#define FILE_ERP "\"erp\":{\"system\":\"file\",\"folder\":\"/srv/lines\"}"
#define OTHER_FILE_ERP "\"erp\":{\"system\":\"file\",\"folder\":\"/srv/other\"}"

static char folder[64], main_file[128];
static struct json_faults faults;

static inline void
write_file(const char *name, const char *text)
{
    char path[192];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline int
setup(void **state)
{
    char shops[128];

    (void)state;
    strcpy(folder, "/tmp/config_test.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(main_file, sizeof main_file, "%s/pumpline.json", folder);
    snprintf(shops, sizeof shops, "%s/shops", folder);
    write_file("pumpline.json", "{\"workshops_dir\":\"shops\"}");
    return mkdir(shops, 0700);
}

static inline int
teardown(void **state)
{
    char command[128];

    (void)state;
    json_faults_clear(&faults);
    snprintf(command, sizeof command, "rm -rf -- %s", folder);
    return system(command);
}

static inline struct daemon_config *
load(void)
{
    struct daemon_config *config;

    json_faults_clear(&faults);
    config = config_load(main_file, &faults);
    assert_int_equal(config != NULL, faults.count == 0);
    return config;
}

static inline struct daemon_config *
load_sound(void)
{
    struct daemon_config *config = load();

    if (!config)
        fail_msg("%s: %s: %s", faults.items[0].file, faults.items[0].pointer, faults.items[0].text);
    return config;
}

/* Expects this fault; file is relative to the temporary folder. */
static inline void
expect_fault(const char *file, const char *pointer, const char *text)
{
    char path[192];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    for (size_t i = 0; i < faults.count; i++)
        if (strcmp(faults.items[i].file, path) == 0 &&
            strcmp(faults.items[i].pointer, pointer) == 0 && strstr(faults.items[i].text, text))
            return;
    for (size_t i = 0; i < faults.count; i++)
        print_error("%s: \"%s\": %s\n", faults.items[i].file, faults.items[i].pointer,
                    faults.items[i].text);
    fail_msg("no fault %s in %s: %s", pointer, path, text);
}

/* A workshop file with this text has exactly this one fault. */
static inline void
expect_one(const char *document, const char *pointer, const char *text)
{
    write_file("shops/x.json", document);
    if (load())
        fail_msg("taken: %s", document);
    expect_fault("shops/x.json", pointer, text);
    assert_int_equal(faults.count, 1);
}

static inline void
expect_sound(const char *document)
{
    write_file("shops/x.json", document);
    config_free(load_sound());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
