/* Workshops that clash: names, ports, folders. */
#include "test/unit/common/config/config_files.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_clashes),
        TEST(a_name_is_the_same_however_it_is_written),
        TEST(test_folders_are_not_shared),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
