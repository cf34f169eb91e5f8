/* Differences between two configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "supervisor/daemon/reload_rules.h"

static struct workshop_config *
workshop(const char *slug, unsigned port, bool active)
{
    struct json_faults faults = {0};
    char *listen = mem_format("127.0.0.1:%u", port);
    json_t *document = json_pack("{ss ss sb s{ss ss}}", "workshop", slug, "listen", listen,
                                 "active", active, "erp", "system", "file", "folder", "/srv/lines");
    struct workshop_config *one = workshop_config_new(slug, document, NULL, "test", &faults);

    assert_non_null(one);
    json_decref(document);
    free(listen);
    return one;
}

/* Takes over the listed workshops; ends with NULL. */
static struct daemon_config *
configuration(struct workshop_config *first, ...)
{
    struct daemon_config *config = mem_alloc(sizeof *config);
    va_list rest;

    *config = (struct daemon_config){.control_socket = "/run/c",
                                     .state_dir = "/lib",
                                     .workshops_dir = "/etc/w",
                                     .log_dir = "/log",
                                     .key_file = "/etc/k",
                                     .sandbox = "off"};
    config->workshops = mem_alloc(8 * sizeof *config->workshops);
    va_start(rest, first);
    for (struct workshop_config *one = first; one; one = va_arg(rest, struct workshop_config *))
        config->workshops[config->workshop_count++] = one;
    va_end(rest);
    return config;
}

static void
expect(json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void
workshops_are_told_apart_by_slug(void **state)
{
    struct daemon_config *before =
        configuration(workshop("a", 1, true), workshop("b", 2, true), workshop("c", 3, true),
                      workshop("d", 4, false), workshop("e", 5, true), NULL);
    struct daemon_config *after =
        configuration(workshop("b", 2, true), workshop("c", 33, true), workshop("d", 4, true),
                      workshop("e", 5, false), workshop("f", 1, true), NULL);

    (void)state;
    expect(reload_report(before, after), "{\"added\":[\"f\"],\"changed\":[\"c\",\"d\",\"e\"],"
                                         "\"removed\":[\"a\"],\"unchanged\":1}");
    strcpy(after->log_dir, "/elsewhere");
    assert_true(reload_all_slices(before, after));
    strcpy(after->log_dir, before->log_dir);
    strcpy(after->sandbox, before->sandbox);
    strcpy(after->webdriver_url, before->webdriver_url);
    assert_false(reload_all_slices(before, after));
    after->webdriver_shared = !before->webdriver_shared; /* same URL, but now set explicitly */
    assert_true(reload_all_slices(before, after));
    after->webdriver_shared = before->webdriver_shared;
    after->uid_first++;
    assert_true(reload_all_slices(before, after));
    expect(reload_report(before, after), "{\"added\":[\"f\"],\"changed\":[\"b\",\"c\",\"d\",\"e\"],"
                                         "\"removed\":[\"a\"],\"unchanged\":0}");
    config_free(before);
    config_free(after);
}

static void
each_workshop_has_its_action(void **state)
{
    struct workshop_config *up = workshop("a", 1, true), *moved = workshop("a", 2, true),
                           *down = workshop("a", 1, false), *moved_down = workshop("a", 2, false),
                           *faulty = workshop("a", 1, true);
    const struct {
        const struct workshop_config *before, *after;
        bool all_slices;
        enum reload_action wish;
    } cases[] = {
        {NULL, up, false, RELOAD_START},          {NULL, down, false, RELOAD_NOTHING},
        {NULL, down, true, RELOAD_NOTHING},       {up, up, false, RELOAD_NOTHING},
        {up, up, true, RELOAD_RESTART},           {up, moved, false, RELOAD_RESTART},
        {up, down, false, RELOAD_STOP},           {up, moved_down, true, RELOAD_STOP},
        {down, up, false, RELOAD_START},          {down, moved, false, RELOAD_START},
        {down, moved_down, true, RELOAD_NOTHING}, {up, NULL, false, RELOAD_STOP},
        {down, NULL, true, RELOAD_NOTHING},       {faulty, up, false, RELOAD_START},
        {faulty, down, false, RELOAD_STOP},       {faulty, faulty, true, RELOAD_NOTHING},
    };

    (void)state;
    json_fault_add(&faulty->faults, "a.json", "/user", "user does not exist");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(reload_action(cases[i].before, cases[i].after, cases[i].all_slices),
                         cases[i].wish);
    workshop_config_free(up);
    workshop_config_free(moved);
    workshop_config_free(down);
    workshop_config_free(moved_down);
    workshop_config_free(faulty);
}

static void
members_that_need_a_restart_are_named_and_kept(void **state)
{
    struct daemon_config *before = configuration(workshop("a", 1, true), NULL);
    struct daemon_config *after = configuration(workshop("b", 2, true), NULL);

    (void)state;
    expect(reload_keep(before, after), "[]");
    assert_string_equal(after->workshops[0]->slug, "b");
    strcpy(after->control_socket, "/run/d");
    strcpy(after->control_group, "people");
    strcpy(after->state_dir, "/state");
    strcpy(after->key_file, "/key");
    strcpy(after->sandbox, "required");
    expect(reload_keep(before, after),
           "[\"control_socket\",\"control_group\",\"state_dir\",\"key_file\"]");
    assert_string_equal(after->control_socket, "/run/c");
    assert_string_equal(after->control_group, "");
    assert_string_equal(after->state_dir, "/lib");
    assert_string_equal(after->key_file, "/etc/k");
    assert_string_equal(after->sandbox, "required");
    config_free(before);
    config_free(after);
}

static void
another_folder_keeps_the_workshops(void **state)
{
    struct daemon_config *before =
        configuration(workshop("a", 1, true), workshop("b", 2, false), NULL);
    struct daemon_config *after = configuration(NULL);

    (void)state;
    strcpy(after->workshops_dir, "/etc/v");
    expect(reload_keep(before, after), "[\"workshops_dir\"]");
    assert_string_equal(after->workshops_dir, "/etc/w");
    expect(reload_report(before, after),
           "{\"added\":[],\"changed\":[],\"removed\":[],\"unchanged\":2}");
    config_free(before);
    assert_int_equal(after->workshop_count, 2);
    assert_string_equal(reload_find(after, "b")->slug, "b");
    assert_null(reload_find(after, "c"));
    config_free(after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workshops_are_told_apart_by_slug),
        cmocka_unit_test(each_workshop_has_its_action),
        cmocka_unit_test(members_that_need_a_restart_are_named_and_kept),
        cmocka_unit_test(another_folder_keeps_the_workshops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
