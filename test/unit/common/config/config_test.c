/* pumpline.json and the workshops' files: loaded as a whole, or rejected with all faults. */
#include "test/unit/common/config/config_files.h"

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
        "\"api_tokens\":[{\"scope\":\"all\"},5,{\"scope\":\"order\",\"hash\":\"0\"}],\"retry\":{"
        "\"max_s\":-1,\"twice\":2}}");
    write_file("shops/b.json",
               "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:8101\",\"user\":\"root\"}");
    write_file("shops/c.json", "{\"workshop\":\"C\"");
    write_file("shops/d.json", "{\"workshop\":\"Pumplined: x\"}");
    write_file("shops/e.json", " \n");
    write_file("shops/f.json", "{\"workshop\":\"F\",\"erp\":{\"system\":\"file\",\"folder\":\"/f\","
                               "\"delimiter\":\"x\"}}");
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
    expect_fault("shops/a.json", "/ports", "unknown member: did you mean \"hosts\"?");
    expect_fault("shops/a.json", "/erp/url", "URL");
    expect_fault("shops/a.json", "/erp/verify", "unknown member");
    expect_fault("shops/a.json", "/retention_days", "whole number from 1");
    expect_fault("shops/a.json", "/credentials/username", "must be a string");
    expect_fault("shops/a.json", "/credentials/password", "1 to 512");
    expect_fault("shops/a.json", "/credentials/token", "unknown member");
    expect_fault("shops/a.json", "/api_tokens/0/scope", "\"order\", \"manage\"");
    expect_fault("shops/a.json", "/api_tokens/0/hash", "is missing");
    expect_fault("shops/a.json", "/api_tokens/1", "must be an object");
    expect_fault("shops/a.json", "/api_tokens/2/hash", "must be exactly 64 bytes long");
    expect_fault("shops/a.json", "/retry/max_s", "number from 0");
    expect_fault("shops/a.json", "/retry/twice", "unknown member");
    expect_fault("shops/b.json", "/erp", "is missing");
    expect_fault("shops/b.json", "/listen", "already used by workshop a");
    expect_fault("shops/b.json", "/workshop", "this name is already used by workshop a");
    expect_fault("shops/c.json", "", "line 1");
    expect_fault("shops/d.json", "/workshop", "the daemon's own log lines");
    expect_fault("shops/e.json", "", "the file is empty");
    expect_fault("shops/f.json", "/erp/delimiter", "\"\\t\"");
    list = json_faults_json(&faults);
    assert_int_equal(json_array_size(list), faults.count);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "file")),
                        main_file);
    json_decref(list);
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

static void
faults_belong_to_their_workshop(void **state)
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

/* Sealing without the daemon works even if another part of the configuration is faulty. */
static void
the_key_file_is_found_despite_other_faults(void **state)
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_everything),
        TEST(test_all_faults_at_once),
        TEST(test_long_member),
        TEST(faults_belong_to_their_workshop),
        TEST(the_key_file_is_found_despite_other_faults),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
