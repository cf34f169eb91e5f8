/* A workshop's document: ERP members, views, the worker's slice, credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/secret.h"
#include "common/config/config.h"
#include "common/config/sealed.h"

#define HASH "0123456789012345678901234567890123456789012345678901234567890123"

static struct json_faults faults;

static struct workshop_config *
workshop(const char *document)
{
    json_t *json = json_loads(document, 0, NULL);
    struct workshop_config *w;

    assert_non_null(json);
    json_faults_clear(&faults);
    w = workshop_config_new("bennys-auto", json, NULL, "f", &faults);
    assert_int_equal(w != NULL, faults.count == 0);
    json_decref(json);
    return w;
}

static struct workshop_config *
workshop_with(const char *erp, const char *more)
{
    char document[2048];

    snprintf(document, sizeof document,
             "{\"workshop\":\"Bennys Auto\",\"listen\":\"127.0.0.1:8101\",\"erp\":%s%s}", erp,
             more);
    return workshop(document);
}

static void
expect_erp(const char *erp, const char *pointer)
{
    struct workshop_config *w = workshop_with(erp, "");

    if (!pointer) {
        if (!w)
            fail_msg("%s: %s: %s", erp, faults.items[0].pointer, faults.items[0].text);
        workshop_config_free(w);
        return;
    }
    if (w)
        fail_msg("taken: %s", erp);
    assert_string_equal(faults.items[0].pointer, pointer);
    assert_int_equal(faults.count, 1);
    json_faults_clear(&faults);
}

static void
test_file_erp(void **state)
{
    (void)state;
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\"}", NULL);
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"format\":\"json\"}", NULL);
    expect_erp("{\"system\":\"file\"}", "/erp/folder");
    expect_erp("{\"system\":\"file\",\"folder\":\"f\"}", "/erp/folder");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"format\":\"xml\"}", "/erp/format");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"url\":\"http://x/\"}", "/erp/url");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"columns\":[]}", "/erp/columns");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"columns\":[\"price\"]}", "/erp/columns/0");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"columns\":[5]}", "/erp/columns/0");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"delimiter\":\"\\t\"}", NULL);
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"delimiter\":\"x\"}", "/erp/delimiter");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"max_in_flight\":0}", "/erp/max_in_flight");
    expect_erp("{\"system\":\"file\",\"folder\":\"/f\",\"max_in_flight\":1.5}",
               "/erp/max_in_flight");
}

static void
test_tryton_erp(void **state)
{
    (void)state;
    expect_erp("{\"system\":\"tryton\",\"url\":\"https://erp.example:8000/db/\",\"ca_file\":null,"
               "\"max_in_flight\":64,\"company\":2,\"timeout_s\":5,\"language\":\"de\"}",
               NULL);
    expect_erp("{\"system\":\"tryton\"}", "/erp/url");
    expect_erp("{\"system\":\"tryton\",\"url\":\"http://h/db/\",\"ca_file\":\"x\"}",
               "/erp/ca_file");
    expect_erp("{\"system\":\"tryton\",\"url\":\"http://h/db/\",\"folder\":\"/f\"}", "/erp/folder");
    expect_erp("{\"system\":\"tryton\",\"url\":\"http://h:8000/\"}", "/erp/url");
    expect_erp("{\"system\":\"tryton\",\"url\":\"http://h:8000\"}", "/erp/url");
    expect_erp("{\"system\":\"sap\"}", "/erp/system");
    expect_erp("{\"system\":5}", "/erp/system");
    expect_erp("{}", "/erp/system");
    expect_erp("[]", "/erp");
    expect_erp("null", "/erp");
}

static void
test_urls(void **state)
{
    static const char *const good[] = {"http://h/db/",         "https://h:1/db",
                                       "http://[::1]:8000/db", "http://10.0.0.1:65535/db/",
                                       "http://h/a%20b/",      "http://[::1]/x"};
    static const char *const bad[] = {"h/db",
                                      "ftp://h/db",
                                      "http:///db",
                                      "http://:80/db",
                                      "http://u@h/db",
                                      "http://u:p@h/db",
                                      "http://h/db?x=1",
                                      "http://h/db#x",
                                      "http://h /db",
                                      "http://h/d b",
                                      "http://h:/db",
                                      "http://h:0/db",
                                      "http://h:65536/db",
                                      "http://h:1x/db",
                                      "http://h:-1/db",
                                      "HTTP://h/db",
                                      "http://h\\\\x/db",
                                      "http://[::1/db",
                                      "http://[]/db",
                                      "http://h/\\u00e4",
                                      "http://h:123456/db"};
    char erp[256];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(erp, sizeof erp, "{\"system\":\"tryton\",\"url\":\"%s\"}", good[i]);
        expect_erp(erp, NULL);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(erp, sizeof erp, "{\"system\":\"tryton\",\"url\":\"%s\"}", bad[i]);
        if (workshop_with(erp, ""))
            fail_msg("taken: %s", bad[i]);
        assert_string_equal(faults.items[0].pointer, "/erp/url");
    }
    json_faults_clear(&faults);
}

#define ERP "{\"system\":\"file\",\"folder\":\"/f\"}"

static void
test_credential_shapes(void **state)
{
    static const struct {
        const char *credentials, *pointer;
    } cases[] = {
        {"{\"username\":\"u\",\"password\":\"p\"}", NULL},
        {"{\"username\":\"u\",\"password\":{\"sealed\":\"AA==\"}}", NULL},
        {"null", NULL},
        {"{\"password\":\"p\"}", "/credentials/username"},
        {"{\"username\":\"u\"}", "/credentials/password"},
        {"{\"username\":\"u\",\"password\":null}", "/credentials/password"},
        {"{\"username\":\"u\",\"password\":{}}", "/credentials/password"},
        {"{\"username\":\"u\",\"password\":{\"sealed\":\"\"}}", "/credentials/password"},
        {"{\"username\":\"u\",\"password\":{\"sealed\":true}}", "/credentials/password"},
        {"{\"username\":\"u\",\"password\":{\"sealed\":\"A\",\"x\":1}}", "/credentials/password"},
        {"{\"username\":\"u\",\"password\":\"p\",\"x\":1}", "/credentials/x"},
        {"\"x\"", "/credentials"}};
    char more[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct workshop_config *w;

        snprintf(more, sizeof more, ",\"credentials\":%s", cases[i].credentials);
        w = workshop_with(ERP, more);
        assert_int_equal(w != NULL, cases[i].pointer == NULL);
        if (!w)
            assert_string_equal(faults.items[0].pointer, cases[i].pointer);
        workshop_config_free(w);
    }
    json_faults_clear(&faults);
}

static void
test_retry(void **state)
{
    static const char *const bad[] = {"{\"first_s\":0}",     "{\"first_s\":500}",
                                      "{\"first_s\":\"2\"}", "{\"first_s\":0.0001}",
                                      "{\"max_s\":1e99}",    "[]"};
    char more[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(more, sizeof more, ",\"retry\":%s", bad[i]);
        assert_null(workshop_with(ERP, more));
        assert_memory_equal(faults.items[0].pointer, "/retry", 6);
    }
    json_faults_clear(&faults);
}

static void
test_public_view(void **state)
{
    struct workshop_config *w =
        workshop_with(ERP, ",\"credentials\":{\"username\":\"u\",\"password\":\"gygag\"},"
                           "\"api_tokens\":[{\"scope\":\"order\",\"hash\":\"" HASH "\"}]");
    json_t *view = workshop_config_public(w);
    char *text = json_dumps(view, JSON_COMPACT);

    (void)state;
    assert_string_equal(text, "{\"workshop\":\"Bennys Auto\",\"listen\":\"127.0.0.1:8101\","
                              "\"erp\":{\"system\":\"file\",\"folder\":\"/f\"},"
                              "\"credentials\":{\"username\":\"u\",\"password\":{\"sealed\":true}},"
                              "\"api_tokens\":[{\"scope\":\"order\"}]}");
    free(text);
    json_decref(view);
    text = json_dumps(w->document, JSON_COMPACT); /* unchanged */
    assert_non_null(strstr(text, "gygag"));
    assert_non_null(strstr(text, HASH));
    free(text);
    workshop_config_free(w);
}

static void
test_equal(void **state)
{
    struct workshop_config *a = workshop_with(ERP, ""),
                           *b = workshop_with(ERP, ",\"active\":false");
    struct workshop_config *c = workshop_with(ERP, ",\"retention_days\":7");
    json_t *document = json_object_get(b->document, "active");

    (void)state;
    assert_true(workshop_config_equal(a, b));
    assert_true(workshop_config_equal(b, a));
    assert_false(workshop_config_equal(a, c));
    assert_true(json_is_false(document)); /* compared, not modified */
    strcpy(b->slug, "other");
    assert_false(workshop_config_equal(a, b));
    workshop_config_free(a);
    workshop_config_free(b);
    workshop_config_free(c);
}

static void
test_slice(void **state)
{
    struct daemon_config config = {
        .state_dir = "/s", .log_dir = "", .sandbox = "off", .webdriver_url = "http://w"};
    unsigned char master[SECRET_KEY_BYTES] = {9}, key[SECRET_KEY_BYTES], sent[SECRET_KEY_BYTES];
    struct workshop_config *w = workshop_with(ERP, "");
    json_t *slice = config_slice(&config, w, master, false);

    (void)state;
    assert_non_null(slice);
    assert_string_equal(json_string_value(json_object_get(slice, "type")), "config");
    assert_string_equal(json_string_value(json_object_get(slice, "slug")), "bennys-auto");
    assert_string_equal(json_string_value(json_object_get(slice, "worker")), "stopped");
    assert_string_equal(json_string_value(json_object_get(slice, "state_dir")), "/s");
    assert_string_equal(json_string_value(json_object_get(slice, "sandbox")), "off");
    assert_true(json_equal(json_object_get(slice, "document"), w->document));
    secret_workshop_key(master, "bennys-auto", key);
    assert_int_equal(secret_key_parse(json_string_value(json_object_get(slice, "key")), sent), 0);
    assert_memory_equal(sent, key, sizeof key);
    json_decref(slice);
    workshop_config_free(w);
}

static void
expect_credentials(const char *password, const unsigned char *key, const unsigned char *old_key,
                   const char *opened)
{
    char more[512];
    struct workshop_config *w;
    struct credentials credentials;
    struct err err;

    snprintf(more, sizeof more, ",\"credentials\":{\"username\":\"bot\",\"password\":%s}",
             password);
    w = workshop_with(ERP, more);
    assert_int_equal(config_credentials(w, key, old_key, &credentials, &err), opened ? 0 : -1);
    if (opened) {
        assert_string_equal(credentials.username, "bot");
        assert_string_equal(credentials.password, opened);
    } else {
        assert_string_equal(err.code, "credentials");
        assert_null(credentials.username);
        assert_null(credentials.password);
    }
    credentials_clear(&credentials);
    workshop_config_free(w);
}

static void
test_credentials(void **state)
{
    unsigned char key[SECRET_KEY_BYTES] = {1}, other[SECRET_KEY_BYTES] = {2};
    struct workshop_config *w = workshop_with(ERP, "");
    char *place = sealed_binding(w->document), *sealed = sealed_make(key, place, "gygag"),
         *unbound = secret_seal_text(key, "credentials", "gygag"),
         *elsewhere = sealed_make(key, "elsewhere", "gygag"), member[256];
    struct credentials credentials;
    struct err err;

    (void)state;
    snprintf(member, sizeof member, "{\"sealed\":\"%s\"}", sealed);
    expect_credentials(member, key, NULL, "gygag");
    expect_credentials(member, other, NULL, NULL);
    expect_credentials(member, other, key, "gygag");
    expect_credentials(member, key, other, "gygag");
    snprintf(member, sizeof member, "{\"sealed\":\"%s\"}", unbound);
    expect_credentials(member, key, NULL, "gygag");
    expect_credentials(member, other, key, "gygag");
    expect_credentials(member, other, NULL, NULL);
    snprintf(member, sizeof member, "{\"sealed\":\"%s\"}", elsewhere);
    expect_credentials(member, key, other, NULL);
    expect_credentials("{\"sealed\":\"no base64\"}", key, other, NULL);
    expect_credentials("\"plain\"", other, key, "plain");
    free(elsewhere);
    free(unbound);
    free(sealed);
    free(place);
    assert_int_equal(config_credentials(w, key, NULL, &credentials, &err), 0);
    assert_null(credentials.username);
    assert_null(credentials.password);
    workshop_config_free(w);
}

/* A file with invalid JSON is reported by line and never quoted. */
static void
test_broken_files(void **state)
{
    static const char *const texts[] = {"{\"password\":\"hunter2\" x}",
                                        "{\"password\":\"hunter2\",\"password\":\"hunter2\"}",
                                        "{\"password\":\"hunter2",
                                        "{\"password\":hunter2}",
                                        "",
                                        "[]",
                                        "{} {}",
                                        "hunter2"};
    char path[] = "/tmp/config_view_test.XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *file = fopen(path, "w");

        fputs(texts[i], file);
        fclose(file);
        json_faults_clear(&faults);
        assert_null(config_load(path, &faults));
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.items[0].file, path);
        assert_string_equal(faults.items[0].pointer, "");
        assert_null(strstr(faults.items[0].text, "hunter"));
    }
    unlink(path);
    json_faults_clear(&faults);
    assert_null(config_load(path, &faults));
    assert_non_null(strstr(faults.items[0].text, "No such file"));
    json_faults_clear(&faults);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_erp),    cmocka_unit_test(test_tryton_erp),
        cmocka_unit_test(test_urls),        cmocka_unit_test(test_credential_shapes),
        cmocka_unit_test(test_retry),       cmocka_unit_test(test_public_view),
        cmocka_unit_test(test_equal),       cmocka_unit_test(test_slice),
        cmocka_unit_test(test_credentials), cmocka_unit_test(test_broken_files)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
