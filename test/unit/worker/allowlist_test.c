/* What the sandbox lets a process reach, from its configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "worker/allowlist.h"

static json_t *slice;

static struct allowlist opened = {.folder_lock = -1, .proxy_fd = -1, .driver_fd = -1};

static struct sandbox_setup
allowlist(const char *erp)
{
    struct sandbox_setup setup = {.mode = "required"};
    json_t *document = json_loads(erp, 0, NULL);
    struct err err;

    assert_non_null(document);
    json_decref(slice);
    slice = json_pack("{s:{s:o}}", "document", "erp", document);
    allowlist_close(&opened);
    opened = ALLOWLIST_NOTHING;
    assert_int_equal(allowlist_erp(&opened, &setup, slice, &err), 0);
    return setup;
}

static void
test_file(void **state)
{
    struct sandbox_setup setup = allowlist("{\"system\": \"file\", \"folder\": \"/srv/lines/\"}");

    (void)state;
    assert_int_equal(setup.port_count, 0);
    assert_int_equal(setup.path_count, 1);
    assert_string_equal(setup.paths[0].pinned->path, "/srv/lines");
    assert_int_equal(setup.paths[0].access, SANDBOX_WRITE);
    assert_ptr_equal(setup.paths[0].pinned, opened.folder);
    assert_null(opened.ca_file);
}

/* Whatever the path. */
static void
test_a_folder_is_held(void **state)
{
    static const char document[] = "{\"system\": \"file\", \"folder\": \"%s\"}";
    char folder[] = "/tmp/reach_test.XXXXXX", link[64], text[128];
    struct sandbox_setup setup = {.mode = "required"};
    struct allowlist other = ALLOWLIST_NOTHING;
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(link, sizeof link, "%s-link", folder);
    assert_int_equal(symlink(folder, link), 0);
    snprintf(text, sizeof text, document, folder);
    allowlist(text);
    snprintf(text, sizeof text, document, link);
    json_object_set_new(json_object_get(slice, "document"), "erp", json_loads(text, 0, NULL));
    assert_int_equal(allowlist_erp(&other, &setup, slice, &err), -1);
    assert_string_equal(err.code, "in_use");
    assert_non_null(strstr(err.text, link));
    allowlist_close(&other);
    allowlist_close(&opened);
    opened = ALLOWLIST_NOTHING;
    assert_int_equal(allowlist_erp(&opened, &setup, slice, &err), 0);
    assert_true(opened.folder_lock >= 0);
    unlink(link);
    rmdir(folder);
}

static void
test_tryton(void **state)
{
    struct sandbox_setup setup = allowlist(
        "{\"system\": \"tryton\", \"url\": \"https://h:8443/db/\", \"ca_file\": \"/no/ca.pem\"}");

    (void)state;
    assert_int_equal(setup.port_count, 1);
    assert_int_equal(setup.ports[0], 8443);
    assert_int_equal(setup.path_count, 0); /* the file is read before the sandbox is entered */
    assert_string_equal(opened.ca_file->path, "/no/ca.pem");
    assert_null(opened.ca);
}

static void
test_ports(void **state)
{
    static const struct {
        const char *url;
        int port;
    } cases[] = {{"http://h/db/", 80},       {"https://h/db/", 443}, {"http://h:8000/db/", 8000},
                 {"https://[::1]/db/", 443}, {"http://[::1]", 80},   {"http://[::1]:9/db/", 9},
                 {"http://h/a:8001/b", 80},  {"https://h", 443},     {"https://h:65535", 65535}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *erp =
            json_pack("{s:s s:s s:n}", "system", "tryton", "url", cases[i].url, "ca_file");
        char *text = json_dumps(erp, 0);
        struct sandbox_setup setup = allowlist(text);

        assert_int_equal(setup.ports[0], cases[i].port);
        assert_int_equal(setup.path_count, 0);
        free(text);
        json_decref(erp);
    }
}

/* With a literal address, neither UDP nor port 53 is needed. */
static void
test_names(void **state)
{
    static const struct {
        const char *erp;
        bool names;
    } cases[] = {{"{\"system\": \"tryton\", \"url\": \"https://erp.example.com:8443/db/\"}", true},
                 {"{\"system\": \"tryton\", \"url\": \"http://localhost/db/\"}", true},
                 {"{\"system\": \"tryton\", \"url\": \"http://192.0.2.7.example/db/\"}", true},
                 {"{\"system\": \"tryton\", \"url\": \"http://192.0.2.7:8000/db/\"}", false},
                 {"{\"system\": \"tryton\", \"url\": \"https://[::1]/db/\"}", false},
                 {"{\"system\": \"file\", \"folder\": \"/srv/lines\"}", false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(allowlist(cases[i].erp).names, cases[i].names);
}

/* The browser driver, and the ERP's hosts, which the browser reaches through this process. */
static void
test_webdriver(void **state)
{
    struct sandbox_setup setup = {.mode = "required"};
    struct err err;

    (void)state;
    json_decref(slice);
    slice =
        json_pack("{s:{s:{s:s s:s s:s s:{s:[s]}}} s:s s:{s:{s:[s, s]}}}", "document", "erp",
                  "system", "webdriver", "url", "https://erp/", "ca_file", "/no/ca.pem", "browser",
                  "hosts", "cdn.example.com:8443", "webdriver_url", "http://127.0.0.1:9515",
                  "recipe", "browser", "hosts", "*.example.com", "sso.example.com:9000");
    allowlist_close(&opened);
    opened = ALLOWLIST_NOTHING;
    assert_int_equal(allowlist_erp(&opened, &setup, slice, &err), 0);
    assert_int_equal(setup.port_count, 4);
    assert_int_equal(setup.ports[0], 9515);
    assert_int_equal(setup.ports[1], 443);
    assert_int_equal(setup.ports[2], 8443);
    assert_int_equal(setup.ports[3], 9000);
    assert_int_equal(opened.host_count, 4);
    assert_true(opened.proxy_fd >= 0);
    assert_memory_equal(opened.proxy_address, "127.0.0.1:", strlen("127.0.0.1:"));
    assert_int_equal(setup.path_count, 0);
    assert_string_equal(opened.ca_file->path, "/no/ca.pem");
}

/* The workshop's own server passes the proxy socket, which is in the server's network. */
static void
test_own_webdriver(void **state)
{
    struct sandbox_setup setup = {.mode = "required"};
    int fd = open("/dev/null", O_RDWR);
    struct err err;

    (void)state;
    json_decref(slice);
    slice = json_pack("{s:{s:{s:s s:s}} s:s s:i}", "document", "erp", "system", "webdriver", "url",
                      "https://erp/", "webdriver_url", "http://127.0.0.1:9514", "driver_fd", fd);
    allowlist_close(&opened);
    opened = ALLOWLIST_NOTHING;
    assert_int_equal(allowlist_erp(&opened, &setup, slice, &err), 0);
    assert_int_equal(setup.port_count, 2);
    assert_int_equal(setup.ports[0], 9514);
    assert_int_equal(setup.ports[1], 443);
    assert_int_equal(opened.proxy_fd, -1);
    assert_int_equal(opened.driver_fd, fd);
    assert_string_equal(opened.proxy_address, "127.0.0.1:1080");
}

/* A driver without a row can reach nothing. */
static void
test_unknown(void **state)
{
    struct sandbox_setup setup = allowlist("{\"system\": \"other\", \"url\": \"http://h/\"}");

    (void)state;
    assert_int_equal(setup.port_count + setup.path_count, 0);
}

/* Its port is reached, but not by the driver. */
static void
test_callback(void **state)
{
    struct sandbox_setup setup =
        allowlist("{\"system\": \"tryton\", \"url\": \"http://h:8000/db/\"}");
    json_t *document = json_object_get(slice, "document");
    struct err err;

    (void)state;
    assert_int_equal(allowlist_callback(&setup, slice, &err), 0);
    assert_int_equal(setup.port_count, 1);
    json_object_set_new(document, "callback", json_pack("{ss}", "url", "https://oilmat/hook"));
    assert_int_equal(allowlist_callback(&setup, slice, &err), 0);
    assert_int_equal(setup.port_count, 2);
    assert_int_equal(setup.ports[1], 443);
    assert_int_equal(opened.server_count, 1);
    assert_string_equal(opened.servers[0].host, "h");
}

static int
tear_down(void **state)
{
    (void)state;
    json_decref(slice);
    allowlist_close(&opened);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),          cmocka_unit_test(test_a_folder_is_held),
        cmocka_unit_test(test_tryton),        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_webdriver),
        cmocka_unit_test(test_own_webdriver), cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_callback)};

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
