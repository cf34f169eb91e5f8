/* Workshop files: checked against each other and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "supervisor/daemon/registry.h"

static unsigned char key[SECRET_KEY_BYTES] = {1}, old_key[SECRET_KEY_BYTES] = {2};
static const struct master_keys keys = {.key = key}, both = {.key = key, .old = old_key},
                                before_that = {.key = old_key};
static char folder[] = "/tmp/registry-test-XXXXXX";

static json_t *
document(const char *name, unsigned port, const char *password)
{
    char *listen = mem_format("127.0.0.1:%u", port), *lines = mem_format("/srv/lines-%u", port);
    json_t *made =
        json_pack("{ss ss s{ss ss} s{ss ss}}", "workshop", name, "listen", listen, "erp", "system",
                  "file", "folder", lines, "credentials", "username", "bot", "password", password);

    free(listen);
    free(lines);
    return made;
}

/* With one workshop, "a", on port 1. */
static struct daemon_config *
configuration(const struct master_keys *sealed_with)
{
    struct daemon_config *config = mem_alloc(sizeof *config);
    json_t *one = document("Ann", 1, "secret-a");
    struct json_faults faults = {0};

    text_copy(config->workshops_dir, sizeof config->workshops_dir, folder);
    config->workshops = mem_alloc(sizeof *config->workshops);
    config->workshops[0] = workshop_config_new("a", one, NULL, "a", &faults);
    config->workshop_count = 1;
    registry_seal(config, NULL, sealed_with);
    json_decref(one);
    return config;
}

static void
proposes_in(const struct daemon_config *config, const char *slug, json_t *sent,
            const char *pointers, const char *in)
{
    struct json_faults faults = {0};
    struct workshop_config *workshop = registry_propose(config, &keys, slug, sent, NULL, &faults);
    char found[256] = "";

    for (size_t i = 0; i < faults.count; i++) {
        assert_true(strncmp(faults.items[i].file, in, strlen(in)) == 0);
        strcat(strcat(found, faults.items[i].pointer), " ");
    }
    assert_string_equal(found, pointers);
    assert_int_equal(workshop != NULL, !*pointers);
    if (workshop)
        assert_true(json_is_object(
            json_object_get(json_object_get(workshop->document, "credentials"), "password")));
    workshop_config_free(workshop);
    json_faults_clear(&faults);
    json_decref(sent);
}

static void
proposes(const struct daemon_config *config, const char *slug, json_t *sent, const char *pointers)
{
    proposes_in(config, slug, sent, pointers, folder);
}

static void
a_document_is_checked_against_the_others(void **state)
{
    struct daemon_config *config = configuration(&keys);

    (void)state;
    proposes(config, "b", document("Ben", 2, "x"), "");
    proposes(config, "b", document("Ben", 1, "x"), "/erp/folder /listen ");
    proposes(config, "b", document("Ann", 1, "x"), "/erp/folder /listen /workshop ");
    proposes(config, "b", document("a", 2, ""), "/credentials/password /workshop ");
    proposes(config, "a", document("Ann", 1, "x"), ""); /* a workshop does not clash with itself */
    proposes(config, "a", document("a", 1, "x"), "");
    config_free(config);
}

/* Over the control socket, recipes can only be named without a path. */
static void
a_path_can_only_be_kept(void **state)
{
    struct daemon_config *config = configuration(&keys);
    json_t *sent = document("Ann", 1, "x"),
           *erp = json_pack("{ss ss ss s{ss}}", "system", "webdriver", "url", "http://e/", "recipe",
                            "/etc/hostname", "browser", "binary", "/bin/sh");

    (void)state;
    json_object_set_new(sent, "erp", erp);
    proposes(config, "b", json_deep_copy(sent),
             "/erp/recipe /erp/browser/binary /listen /workshop ");
    proposes(config, "a", json_deep_copy(sent), "/erp/recipe /erp/browser/binary ");
    /* A path set by root is read: here it is not a recipe. */
    json_object_set(config->workshops[0]->document, "erp", erp);
    proposes_in(config, "a", sent, " ", "/etc/hostname");
    config_free(config);
}

static void
a_file_says_what_was_written(void **state)
{
    struct daemon_config *config = configuration(&keys);
    char *path = registry_path(config, "a");
    struct err err;

    (void)state;
    assert_false(registry_in_step(config, &keys, "a")); /* the file is missing */
    assert_true(registry_in_step(config, &keys, "b"));
    assert_int_equal(registry_write(config, config->workshops[0], &err), 0);
    assert_true(registry_in_step(config, &keys, "a"));
    assert_true(registry_is_written(config, "a"));
    /* The same password in plain text counts as unchanged. */
    json_object_set_new(json_object_get(config->workshops[0]->document, "credentials"), "password",
                        json_string("secret-a"));
    assert_int_equal(registry_write(config, config->workshops[0], &err), 0);
    config_free(config);
    config = configuration(&keys);
    assert_true(registry_in_step(config, &keys, "a"));
    assert_false(registry_is_written(config, "a"));
    config->workshop_count = 0; /* the file was not loaded */
    assert_false(registry_in_step(config, &keys, "a"));
    config->workshop_count = 1;
    assert_int_equal(truncate(path, 5), 0);
    assert_false(registry_in_step(config, &keys, "a"));
    unlink(path);
    free(path);
    config_free(config);
}

static void
a_key_that_is_replaced_still_opens(void **state)
{
    struct daemon_config *config = configuration(&before_that);
    json_t *sent = json_deep_copy(config->workshops[0]->document);

    (void)state;
    proposes(config, "a", json_deep_copy(sent), "/credentials/password ");
    registry_seal(config, NULL, &both);
    proposes(config, "a", json_deep_copy(config->workshops[0]->document), "");
    json_decref(sent);
    config_free(config);
}

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_checked_against_the_others),
        cmocka_unit_test(a_path_can_only_be_kept),
        cmocka_unit_test(a_file_says_what_was_written),
        cmocka_unit_test(a_key_that_is_replaced_still_opens),
    };

    secret_start();
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
