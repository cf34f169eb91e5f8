/* erp.system webdriver: its members and the recipe that it names. */
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
#include "common/ipc/browser_kill.h"
#include "common/recipe/recipe.h"

#define FOUND                                                                                      \
    "[{\"assert\": {\"value\": {\"of\": \"#r\", \"is\": \"{order.uniqueid}\"}}}, {\"found\": "     \
    "{\"reference\": \"{order.uniqueid}\", \"product_nr\": \"1\", \"amount\": "                    \
    "\"1\"}}]"
#define RECIPE(url)                                                                                \
    "{\"recipe\": 1, \"options\": {\"branch\": {}}, \"login\": [{\"goto\": \"" url "\"}], "        \
    "\"lookup\": " FOUND                                                                           \
    ", \"create\": [{\"type\": \"{order.uniqueid}\", \"into\": \"#r\"}], \"commit\": "             \
    "[{\"click\": \"#s\"}, {\"wait\": {\"text\": \"Saved\"}}], \"verify\": " FOUND "}"
#define ERP(more)                                                                                  \
    "{\"system\": \"webdriver\", \"url\": \"http://erp.example/\", \"recipe\": \"shop\"" more "}"
#define BRANCH ", \"options\": {\"branch\": \"2\"}"

static char folder[64], file[128];
static struct json_faults faults;

static void
write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int
setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/config_recipe.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/shop.json", folder);
    write_file(file, RECIPE("/login"));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    json_faults_clear(&faults);
    unlink(file);
    return rmdir(folder);
}

static struct workshop_config *
workshop(const char *erp)
{
    json_t *document = json_pack("{s:s s:s s:o}", "workshop", "Shop", "listen", "127.0.0.1:8101",
                                 "erp", json_loads(erp, 0, NULL));
    struct workshop_config *w;

    assert_non_null(document);
    json_faults_clear(&faults);
    w = workshop_config_new("shop", document, folder, "shops/shop.json", &faults);
    assert_int_equal(w != NULL, faults.count == 0);
    json_decref(document);
    return w;
}

static void
expect_fault(const char *erp, const char *in, const char *pointer)
{
    assert_null(workshop(erp));
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.items[0].file, in);
    assert_string_equal(faults.items[0].pointer, pointer);
}

static void
test_members(void **state)
{
    static const struct {
        const char *erp, *pointer;
    } wrong[] = {
        {"{\"system\": \"webdriver\", \"recipe\": \"shop\"" BRANCH "}", "/erp/url"},
        {"{\"system\": \"webdriver\", \"url\": \"http://e/\"}", "/erp/recipe"},
        {ERP(BRANCH ", \"max_in_flight\": 2"), "/erp/max_in_flight"},
        {ERP(BRANCH ", \"nonsense\": 2"), "/erp/nonsense"},
        {ERP(""), "/erp/options/branch"},
        {ERP(", \"options\": []"), "/erp/options"},
        {ERP(BRANCH ", \"browser\": {\"name\": \"lynx\"}"), "/erp/browser/name"},
        {ERP(BRANCH ", \"browser\": {\"arguments\": [1]}"), "/erp/browser/arguments/0"},
        {ERP(BRANCH ", \"browser\": {\"preferences\": []}"), "/erp/browser/preferences"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_fault(wrong[i].erp, "shops/shop.json", wrong[i].pointer);
    expect_fault("{\"system\": \"webdriver\", \"url\": \"http://e/\", \"recipe\": \"none\"}",
                 "shops/shop.json", "/erp/recipe");
    assert_string_equal(faults.items[0].text,
                        "recipe \"none\" not found: give a path, or the name of "
                        "a recipe in recipes_dir");
    expect_fault("{\"system\": \"webdriver\", \"url\": \"http://e/\", \"recipe\": \"shpo\"}",
                 "shops/shop.json", "/erp/recipe");
    assert_string_equal(faults.items[0].text, "recipe \"shpo\" not found: did you mean \"shop\"?");
}

static void
expect_preference(const char *name, const char *value, bool sound)
{
    char erp[400], pointer[128];

    snprintf(erp, sizeof erp, ERP(BRANCH ", \"browser\": {\"preferences\": {\"%s\": %s}}"), name,
             value);
    snprintf(pointer, sizeof pointer, "/erp/browser/preferences/%s", name);
    if (!sound)
        expect_fault(erp, "shops/shop.json", pointer);
    else
        workshop_config_free(workshop(erp));
    assert_int_equal(faults.count, !sound);
}

/* Preferences that store passwords, bypass the proxy or send requests early cannot be set, not even
 * through a parent name. */
static void
test_preferences(void **state)
{
    static const char *const kept[] = {"credentials_enable_service",
                                       "credentials_enable_autosignin",
                                       "password_manager.x",
                                       "profile.password_manager_enabled",
                                       "profile",
                                       "signon.rememberSignons",
                                       "autofill.profile_enabled",
                                       "autofill",
                                       "browser.formfill.enable",
                                       "extensions.formautofill.addresses.enabled",
                                       "proxy",
                                       "proxy.mode",
                                       "Network.Proxy.type",
                                       "network.proxy.no_proxies_on",
                                       "net.network_prediction_options",
                                       "net",
                                       "network",
                                       "network.prefetch-next",
                                       "network.predictor.enabled",
                                       "network.dns.disablePrefetch",
                                       "network.http.speculative-parallel-limit",
                                       "intl.accept_languages"};

    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        expect_preference(kept[i], "true", false);
    expect_preference("a.b", "null", false);
    expect_preference("a.b", "1.5", false);
    expect_preference("a.b", "{\"c\": 1}", false);
    expect_preference("plugins.always_open_pdf_externally", "true", true);
    expect_preference("dom.max_script_run_time", "20", true);
    expect_preference("intl.locale.requested", "\"de\"", true);
}

static void
test_faults_of_the_recipe(void **state)
{
    (void)state;
    write_file(file, RECIPE("/{order.worksheet}"));
    expect_fault(ERP(BRANCH), file, "/login/0/goto");
    write_file(file, "{");
    expect_fault(ERP(BRANCH), file, "");
}

static void
expect_driver(const char *more, const char *url)
{
    const struct daemon_config config = {.state_dir = "/tmp", .webdriver_url = "http://all:1"};
    struct workshop_config *w = workshop(ERP(BRANCH));

    assert_non_null(w);
    if (more)
        json_object_set_new(json_object_get(w->document, "erp"), "webdriver_url",
                            json_string(more));
    assert_string_equal(config_webdriver_url(&config, w), url);
    workshop_config_free(w);
}

static void
test_own_driver(void **state)
{
    (void)state;
    expect_driver(NULL, "http://all:1");
    expect_driver("http://own:1", "http://own:1");
    assert_null(workshop(ERP(BRANCH ", \"webdriver_url\": \"ftp://own\"")));
    assert_string_equal(faults.items[0].pointer, "/erp/webdriver_url");
}

/* Own server: only if no other server is configured. */
static void
test_server_of_its_own(void **state)
{
    static const struct {
        const char *erp;
        bool shared, own;
    } cases[] = {
        {ERP(BRANCH ""), false, true},
        {ERP(BRANCH ", \"webdriver_url\": null"), false, true},
        {ERP(BRANCH ", \"browser\": {\"name\": \"chrome\", \"headless\": true}"), false, true},
        {ERP(BRANCH ""), true, false},
        {ERP(BRANCH ", \"webdriver_url\": \"http://127.0.0.1:9515\""), false, false},
        {ERP(BRANCH ", \"browser\": {\"proxy\": \"127.0.0.1:3128\"}"), false, false},
        {ERP(BRANCH ", \"browser\": {\"name\": \"firefox\"}"), false, false}};
    struct workshop_config *w;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct daemon_config config = {.webdriver_shared = cases[i].shared};

        w = workshop(cases[i].erp);
        assert_non_null(w);
        assert_int_equal(config_webdriver_own(&config, w), cases[i].own);
        workshop_config_free(w);
    }
}

static void
test_slice_and_copy(void **state)
{
    const struct daemon_config config = {.sandbox = "off", .state_dir = "/tmp"},
                               nowhere = {.sandbox = "off", .state_dir = "/tmp/nowhere"};
    char mark[BROWSER_MARK_BYTES];
    struct err err;
    unsigned char *master = secret_alloc(SECRET_KEY_BYTES);
    struct workshop_config *w = workshop(ERP(BRANCH)), *other, *copy;
    json_t *slice;

    (void)state;
    memset(master, 1, SECRET_KEY_BYTES);
    assert_non_null(w);
    slice = config_slice(&nowhere, w, master, true);
    assert_null(json_object_get(slice, "browser_mark"));
    json_decref(slice);
    slice = config_slice(&config, w, master, true);
    assert_int_equal(browser_mark("/tmp", w->slug, mark, &err), 0);
    assert_string_equal(json_string_value(json_object_get(slice, "browser_mark")), mark);
    unlink(file); /* the worker does not read it */
    other = workshop_config_of_slice(slice, &faults);
    copy = workshop_config_copy(w);
    assert_non_null(other);
    assert_true(workshop_config_equal(w, other));
    assert_true(workshop_config_equal(w, copy));
    json_decref(slice);
    workshop_config_free(other);
    workshop_config_free(copy);
    write_file(file, RECIPE("/changed"));
    other = workshop(ERP(BRANCH));
    assert_false(workshop_config_equal(w, other));
    workshop_config_free(other);
    workshop_config_free(w);
    secret_free(master);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_members),    TEST(test_preferences),       TEST(test_faults_of_the_recipe),
        TEST(test_own_driver), TEST(test_server_of_its_own), TEST(test_slice_and_copy)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
