/* pumpline.json and the workshops' files: loaded as a whole, or rejected with all faults. */
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

static void
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

static int
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

static int
teardown(void **state)
{
    char command[128];

    (void)state;
    json_faults_clear(&faults);
    snprintf(command, sizeof command, "rm -rf -- %s", folder);
    return system(command);
}

static struct daemon_config *
load(void)
{
    struct daemon_config *config;

    json_faults_clear(&faults);
    config = config_load(main_file, &faults);
    assert_int_equal(config != NULL, faults.count == 0);
    return config;
}

static struct daemon_config *
load_sound(void)
{
    struct daemon_config *config = load();

    if (!config)
        fail_msg("%s: %s: %s", faults.items[0].file, faults.items[0].pointer, faults.items[0].text);
    return config;
}

/* Expects this fault; file is relative to the temporary folder. */
static void
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
static void
expect_one(const char *document, const char *pointer, const char *text)
{
    write_file("shops/x.json", document);
    if (load())
        fail_msg("taken: %s", document);
    expect_fault("shops/x.json", pointer, text);
    assert_int_equal(faults.count, 1);
}

static void
expect_sound(const char *document)
{
    write_file("shops/x.json", document);
    config_free(load_sound());
}

static void
test_defaults(void **state)
{
    struct daemon_config *config;
    struct workshop_config *w;

    (void)state;
    write_file("shops/bennys-auto.json", BENNY "}");
    config = load_sound();
    assert_int_equal(config->workshop_count, 1);
    assert_string_equal(config->control_socket, "/run/pumpline/control.sock");
    assert_string_equal(config->state_dir, "/var/lib/pumpline");
    assert_string_equal(config->key_file, "/etc/pumpline/master.key");
    assert_string_equal(config->log_dir, "");
    assert_string_equal(config->control_group, "");
    assert_string_equal(config->sandbox, "required");
    assert_string_equal(config->webdriver_url, "http://127.0.0.1:9515");
    assert_int_equal(config->uid_first, 40000);
    assert_int_equal(config->uid_count, 10000);
    w = config_find(config, "Bennys Auto");
    assert_ptr_equal(w, config_find(config, "bennys-auto"));
    assert_null(config_find(config, "bennys"));
    assert_true(w->active);
    assert_false(w->has_credentials);
    assert_string_equal(w->host, "127.0.0.1");
    assert_int_equal(w->port, 8101);
    assert_string_equal(w->erp_system, "tryton");
    assert_int_equal(w->retry.first_ms, 2000);
    assert_int_equal(w->retry.max_ms, 300000);
    assert_int_equal(w->retry.give_up_after_ms, 86400000);
    assert_int_equal(w->retention_days, 400);
    assert_int_equal(w->stop_timeout_s, 30);
    assert_int_equal(w->queue_max_mib, 1024);
    assert_null(w->user);
    assert_int_equal(w->max_in_flight, 0);
    config_free(config);
}

static void
test_everything(void **state)
{
    struct daemon_config *config;
    struct workshop_config *w;
    char state_dir[128];

    (void)state;
    write_file(
        "pumpline.json",
        "{\"control_socket\":\"/run/x.sock\",\"control_group\":\"g\",\"state_dir\":\"state\","
        "\"workshops_dir\":\"shops\",\"log_dir\":\"/log\",\"key_file\":\"k\","
        "\"sandbox\":\"off\",\"webdriver_url\":null,"
        "\"allowed_users\":[\"nobody\"],"
        "\"worker_uids\":{\"first\":2147483646,\"count\":2}}");
    write_file(
        "shops/a.json",
        "{\"workshop\":\"Ä\",\"active\":false,\"listen\":\"[::1]:9\","
        "\"erp\":{\"system\":\"file\",\"folder\":\"/f\",\"format\":\"csv\",\"delimiter\":\";\","
        "\"header\":true,\"columns\":[\"uniqueid\",\"workshop\"],\"max_in_flight\":3},"
        "\"credentials\":{\"username\":\"u\",\"password\":{\"sealed\":\"AA==\"}},"
        "\"api_tokens\":[{\"scope\":\"manage\",\"hash\":"
        "\"0123456789012345678901234567890123456789012345678901234567890123\"}],"
        "\"retry\":{\"first_s\":0.5,\"max_s\":60,\"give_up_after_s\":120},"
        "\"retention_days\":1,\"stop_timeout_s\":5,\"queue_max_mib\":8,"
        "\"allow_unauthenticated\":false,\"user\":\"nobody\"}");
    write_file("shops/notes.txt", "no configuration");
    write_file("shops/.hidden.json", "{");
    config = load_sound();
    snprintf(state_dir, sizeof state_dir, "%s/state", folder);
    assert_string_equal(config->state_dir, state_dir);
    assert_string_equal(config->log_dir, "/log");
    assert_string_equal(config->sandbox, "off");
    assert_int_equal(config->uid_first, 2147483646);
    assert_int_equal(config->uid_count, 2);
    assert_int_equal(config->workshop_count, 1);
    w = config->workshops[0];
    assert_string_equal(w->slug, "a");
    assert_false(w->active);
    assert_true(w->has_credentials);
    assert_string_equal(w->host, "::1");
    assert_int_equal(w->max_in_flight, 3);
    assert_string_equal(w->user, "nobody");
    assert_int_equal(w->retry.first_ms, 500);
    assert_int_equal(w->retention_days, 1);
    config_free(config);
}

/* All faults are reported at once, each with file and pointer. */
static void
test_all_faults_at_once(void **state)
{
    json_t *list;

    (void)state;
    write_file("pumpline.json", "{\"workshops_dir\":\"shops\",\"sandbox\":\"maybe\",\"x/y~z\":1,"
                                "\"control_socket\":\"\",\"webdriver_url\":\"ftp://x\","
                                "\"allowed_users\":[\"x\",7],"
                                "\"worker_uids\":{\"first\":0,\"last\":9}}");
    write_file(
        "shops/a.json",
        "{\"workshop\":\"A\",\"user\":\"daemon\",\"listen\":\"0.0.0.0:8101\",\"active\":1,"
        "\"ports\":[],"
        "\"erp\":{\"system\":\"tryton\",\"url\":\"x\",\"verify\":false},\"retention_days\":0,"
        "\"credentials\":{\"username\":7,\"password\":\"\",\"token\":\"t\"},"
        "\"api_tokens\":[{\"scope\":\"all\"},5],\"retry\":{\"max_s\":-1,\"twice\":2}}");
    write_file("shops/b.json",
               "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:8101\",\"user\":\"root\"}");
    write_file("shops/c.json", "{\"workshop\":\"C\"");
    write_file("shops/d.json", "{\"workshop\":\"Pumplined: x\"}");
    assert_null(load());
    expect_fault("pumpline.json", "/sandbox", "must be one of");
    expect_fault("pumpline.json", "/x~1y~0z", "unknown member");
    expect_fault("pumpline.json", "/control_socket", "1 to");
    expect_fault("pumpline.json", "/webdriver_url", "http://");
    expect_fault("pumpline.json", "/worker_uids/first", "whole number from 1000");
    expect_fault("pumpline.json", "/worker_uids/last", "unknown member");
    expect_fault("pumpline.json", "/worker_uids/count", "is missing");
    expect_fault("pumpline.json", "/allowed_users/1", "must be a user name");
    expect_fault("shops/b.json", "/user", "must not be root or in root");
    expect_fault("shops/a.json", "/user", "must be listed in allowed_users");
    expect_fault("shops/a.json", "/active", "true or false");
    expect_fault("shops/a.json", "/ports", "unknown member");
    expect_fault("shops/a.json", "/erp/url", "URL");
    expect_fault("shops/a.json", "/erp/verify", "unknown member");
    expect_fault("shops/a.json", "/retention_days", "whole number from 1");
    expect_fault("shops/a.json", "/credentials/username", "must be a string");
    expect_fault("shops/a.json", "/credentials/password", "1 to 512");
    expect_fault("shops/a.json", "/credentials/token", "unknown member");
    expect_fault("shops/a.json", "/api_tokens/0/scope", "\"order\", \"manage\"");
    expect_fault("shops/a.json", "/api_tokens/0/hash", "is missing");
    expect_fault("shops/a.json", "/api_tokens/1", "must be an object");
    expect_fault("shops/a.json", "/retry/max_s", "number from 0");
    expect_fault("shops/a.json", "/retry/twice", "unknown member");
    expect_fault("shops/b.json", "/erp", "is missing");
    expect_fault("shops/b.json", "/listen", "already used by workshop a");
    expect_fault("shops/b.json", "/workshop", "this name is already used by workshop a");
    expect_fault("shops/c.json", "", "line 1");
    expect_fault("shops/d.json", "/workshop", "the daemon's own log lines");
    list = json_faults_json(&faults);
    assert_int_equal(json_array_size(list), faults.count);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "file")),
                        main_file);
    json_decref(list);
}

static void
test_clashes(void **state)
{
    (void)state;
    write_file("shops/a.json", "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:1\"," FILE_ERP "}");
    write_file("shops/b.json",
               "{\"workshop\":\"B\",\"listen\":\"127.0.0.2:1\"," OTHER_FILE_ERP "}");
    assert_null(load());
    expect_fault("shops/b.json", "/listen", "this port is already used by workshop a");
    expect_fault("shops/a.json", "/listen", "this port is already used by workshop b");
    assert_int_equal(faults.count, 2);
    write_file("shops/b.json",
               "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:2\"," OTHER_FILE_ERP "}");
    assert_null(load());
    expect_fault("shops/b.json", "/workshop", "this name is already used by workshop a");
    expect_fault("shops/a.json", "/workshop", "this name is already used by workshop b");
    assert_int_equal(faults.count, 2);
    write_file("shops/b.json",
               "{\"workshop\":\"a\",\"listen\":\"127.0.0.1:2\"," OTHER_FILE_ERP "}");
    assert_null(load());
    expect_fault("shops/b.json", "/workshop", "this name or slug clashes with workshop a");
    assert_int_equal(faults.count, 2);
    write_file("shops/b.json",
               "{\"workshop\":\"b\",\"listen\":\"127.0.0.1:2\"," OTHER_FILE_ERP "}");
    config_free(load_sound()); /* a workshop's name may equal its own slug */
}

/* The second of the two gets the fault. Symbolic links are resolved, also if the target is missing.
 */
static void
test_folders_are_not_shared(void **state)
{
    static const char *const same[] = {"/srv/lines", "//srv///lines/", "%s/link", "%s/real",
                                       "%s/shops/../real"};
    char link[128], real[128], own[160], text[512], path[160];

    (void)state;
    snprintf(link, sizeof link, "%s/link", folder);
    snprintf(real, sizeof real, "%s/real", folder);
    assert_int_equal(mkdir(real, 0700), 0);
    assert_int_equal(symlink("real", link), 0);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        snprintf(own, sizeof own, "%s", *same[i] == '%' ? real : "/srv/lines");
        snprintf(path, sizeof path, *same[i] == '%' ? "%s%s" : "%.0s%s", folder,
                 same[i] + (*same[i] == '%' ? 2 : 0));
        snprintf(text, sizeof text,
                 "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:1\",\"erp\":{\"system\":\"file\","
                 "\"folder\":\"%s\"}}",
                 own);
        write_file("shops/a.json", text);
        snprintf(text, sizeof text,
                 "{\"workshop\":\"B\",\"listen\":\"127.0.0.1:2\",\"erp\":{\"system\":\"file\","
                 "\"folder\":\"%s\"}}",
                 path);
        write_file("shops/b.json", text);
        if (load())
            fail_msg("taken: %s beside %s", path, own);
        expect_fault("shops/b.json", "/erp/folder", "this folder is already used by workshop a");
        assert_int_equal(faults.count, 1);
    }
}

static void
test_listen(void **state)
{
    static const char *const bad[] = {"",
                                      "8101",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:0",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:+1",
                                      "localhost:1",
                                      "127.0.0.1:1x",
                                      ":8101",
                                      "127.1:1",
                                      "[::1]",
                                      "[::1:1",
                                      "::1:8101",
                                      "[127.0.0.1]:1",
                                      "1.2.3.4.5:1",
                                      "127.0.0.1:1:2",
                                      "[]:1",
                                      "[::1]x:1"};
    char document[512];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(document, sizeof document, "{\"workshop\":\"A\",\"listen\":\"%s\"," FILE_ERP "}",
                 bad[i]);
        write_file("shops/x.json", document);
        if (load())
            fail_msg("taken: %s", bad[i]);
        expect_fault("shops/x.json", "/listen", "");
    }
}

static void
test_open_to_the_network(void **state)
{
    (void)state;
    expect_one("{\"workshop\":\"A\",\"listen\":\"0.0.0.0:1\"," FILE_ERP "}", "/listen",
               "requires api_tokens");
    expect_one("{\"workshop\":\"A\",\"listen\":\"[::]:1\",\"api_tokens\":[]," FILE_ERP "}",
               "/listen", "requires api_tokens");
    expect_sound(
        "{\"workshop\":\"A\",\"listen\":\"0.0.0.0:1\",\"allow_unauthenticated\":true," FILE_ERP
        "}");
    expect_sound(
        "{\"workshop\":\"A\",\"listen\":\"[::]:1\",\"api_tokens\":[{\"scope\":\"order\","
        "\"hash\":\"0123456789012345678901234567890123456789012345678901234567890123\"}]," FILE_ERP
        "}");
    expect_sound("{\"workshop\":\"A\",\"listen\":\"127.9.9.9:1\"," FILE_ERP "}");
}

#define ZEROS "000000000000000000000000000000000000000000000000000000000000000"

static void
tokens_have_hashes_and_names_of_their_own(void **state)
{
    static const char begin[] = "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:1\"," FILE_ERP
                                ",\"api_tokens\":[{\"scope\":\"order\",\"hash\":\"" ZEROS;
    static const struct {
        const char *rest, *pointer, *text;
    } cases[] = {
        {"a\"},{\"scope\":\"order\",\"hash\":\"" ZEROS "b\"}]}", NULL, NULL},
        {"A\"}]}", "/api_tokens/0/hash", "0-9 and a-f"},
        {"g\"}]}", "/api_tokens/0/hash", "0-9 and a-f"},
        {"\"}]}", "/api_tokens/0/hash", "64 to 64"},
        {"a\",\"name\":\"n\"},{\"scope\":\"manage\",\"hash\":\"" ZEROS "b\",\"name\":\"n\"}]}",
         "/api_tokens/1/name", "another token"},
        {"a\",\"name\":\"n\"},{\"scope\":\"manage\",\"hash\":\"" ZEROS "b\",\"name\":\"N\"}]}",
         NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char document[1024];

        snprintf(document, sizeof document, "%s%s", begin, cases[i].rest);
        if (cases[i].pointer)
            expect_one(document, cases[i].pointer, cases[i].text);
        else
            expect_sound(document);
    }
}

/* The check is not quadratic, and the number of workshops is limited. */
static void
tokens_are_not_without_number(void **state)
{
    json_t *document =
        json_pack("{s:s s:s s:{s:s s:s} s:[]}", "workshop", "A", "listen", "127.0.0.1:1", "erp",
                  "system", "file", "folder", "/f", "api_tokens");
    json_t *tokens = json_object_get(document, "api_tokens");
    char *text;

    (void)state;
    for (int i = 0; i < 40000; i++)
        json_array_append_new(tokens, json_pack("{s:i}", "x", i));
    text = json_dumps(document, JSON_COMPACT);
    write_file("shops/a.json", text);
    assert_null(load());
    expect_fault("shops/a.json", "/api_tokens", "more than 1000");
    free(text);
    json_decref(document);
}

static void
faults_are_each_workshops_own(void **state)
{
    struct daemon_config *config;

    (void)state;
    write_file("shops/a.json", "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:1\"," FILE_ERP "}");
    write_file("shops/b.json",
               "{\"workshop\":\"B\\nb\",\"listen\":\"127.0.0.1:2\",\"erp\":{\"system\":\"x\"}}");
    write_file("shops/c.json", "[]");
    write_file("shops/d.json", "{");
    json_faults_clear(&faults);
    config = config_load_each(main_file, &faults);
    assert_non_null(config);
    assert_int_equal(faults.count, 0);
    assert_int_equal(config->workshop_count, 4);
    assert_int_equal(config->workshops[0]->faults.count, 0);
    for (size_t i = 1; i < 4; i++) {
        assert_true(config->workshops[i]->faults.count > 0);
        assert_null(config->workshops[i]->erp_system);
        assert_true(json_is_object(config->workshops[i]->document));
        assert_true(*config->workshops[i]->name && !strchr(config->workshops[i]->name, '\n'));
    }
    config_free(config);
    write_file("pumpline.json", "{\"workshops_dir\":\"shops\",\"nonsense\":1}");
    assert_null(config_load_each(main_file, &faults));
    assert_true(faults.count > 4); /* then all of them are reported at once */
}

static void
a_name_is_the_same_however_it_is_written(void **state)
{
    struct daemon_config *config;

    (void)state;
    write_file("shops/a.json",
               "{\"workshop\":\"Zoe\\u0308\",\"listen\":\"127.0.0.1:1\"," FILE_ERP "}");
    config = load_sound();
    assert_string_equal(config->workshops[0]->name, "Zo\xc3\xab");
    assert_ptr_equal(config_find(config, "Zo\xc3\xab"), config->workshops[0]);
    assert_ptr_equal(config_find(config, "Zoe\xcc\x88"), config->workshops[0]);
    config_free(config);
    write_file("shops/b.json",
               "{\"workshop\":\"Zo\\u00eb\",\"listen\":\"127.0.0.1:2\"," OTHER_FILE_ERP "}");
    assert_null(load());
    expect_fault("shops/b.json", "/workshop", "this name is already used by workshop a");
}

static void
test_names(void **state)
{
    static const char *const files[] = {"shops/Upper.json", "shops/a_b.json", "shops/-a.json",
                                        "shops/a b.json", "shops/\xff.json"};
    static const char *const names[] = {"\"\"",   "\" \"",        "5",
                                        "null",   "\"a\\nb\"",    "\"a\\u009bb\"",
                                        "\" A\"", "\"A\\u00a0\"", "\"A\\u200b\""};
    char document[600], name[200];
    json_t *list;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(files[i], BENNY "}");
        assert_null(load());
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(faults.items[0].text, "slug"));
        list = json_faults_json(&faults); /* valid JSON even if a name is not UTF-8 */
        assert_int_equal(json_array_size(list), 1);
        json_decref(list);
        snprintf(document, sizeof document, "%s/%s", folder, files[i]);
        unlink(document);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(document, sizeof document,
                 "{\"workshop\":%s,\"listen\":\"127.0.0.1:1\"," FILE_ERP "}", names[i]);
        expect_one(document, "/workshop", "");
    }
    memset(name, 'x', sizeof name);
    name[ORDER_VALUE_MAX + 1] = '\0';
    snprintf(document, sizeof document,
             "{\"workshop\":\"%s\",\"listen\":\"127.0.0.1:1\"," FILE_ERP "}", name);
    expect_one(document, "/workshop", "1 to 128 bytes");
}

/* A long fault text is cut between UTF-8 characters and stays valid JSON. */
static void
test_long_member(void **state)
{
    char document[2048] = BENNY ",\"x";
    json_t *list;

    (void)state;
    for (int i = 0; i < 400; i++)
        strcat(document, "€");
    strcat(document, "\":1}");
    write_file("shops/x.json", document);
    assert_null(load());
    list = json_faults_json(&faults);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
}

/* Sealing without the daemon works even if another part of the configuration is faulty. */
static void
the_key_file_is_found_whatever_else_is_wrong(void **state)
{
    static const struct {
        const char *document, *path; /* path: relative to the folder; NULL: an error is expected */
    } cases[] = {
        {"{\"key_file\":\"k\",\"nonsense\":1,\"sandbox\":2,\"workshops_dir\":\"none\"}", "k"},
        {"{\"key_file\":\"/a/b\"}", "/a/b"},
        {"{}", "/etc/pumpline/master.key"},
        {"[]", NULL},
        {"{", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        struct daemon_config config;
        char wanted[256];
        int result;

        write_file("pumpline.json", cases[i].document);
        result = config_paths(main_file, &config, &err);
        assert_int_equal(result, cases[i].path ? 0 : -1);
        if (!cases[i].path) {
            assert_non_null(strstr(err.text, main_file));
            continue;
        }
        snprintf(wanted, sizeof wanted, "%s%s%s", *cases[i].path == '/' ? "" : folder,
                 *cases[i].path == '/' ? "" : "/", cases[i].path);
        assert_string_equal(config.key_file, wanted);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_defaults),
                                       TEST(test_everything),
                                       TEST(test_all_faults_at_once),
                                       TEST(test_clashes),
                                       TEST(test_folders_are_not_shared),
                                       TEST(test_listen),
                                       TEST(test_open_to_the_network),
                                       TEST(test_names),
                                       TEST(test_long_member),
                                       TEST(the_key_file_is_found_whatever_else_is_wrong),
                                       TEST(tokens_have_hashes_and_names_of_their_own),
                                       TEST(tokens_are_not_without_number),
                                       TEST(faults_are_each_workshops_own),
                                       TEST(a_name_is_the_same_however_it_is_written)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
