/* The text of GET /metrics. test/e2e/test_metrics.py checks it with a real parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "supervisor/control/metrics.h"

static void
labels_are_escaped(void **state)
{
    static const char *const cases[][2] = {{"Bennys Auto", "\"Bennys Auto\""},
                                           {"", "\"\""},
                                           {"a\"b", "\"a\\\"b\""},
                                           {"a\\b\\n", "\"a\\\\b\\\\n\""},
                                           {"a\nb", "\"a\\nb\""},
                                           {"Größe {x=1} # EOF", "\"Größe {x=1} # EOF\""}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);

        metrics_label(out, cases[i][0]);
        fclose(out);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

static void
expect(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("no %s in\n%s", line, text);
}

static void
a_running_and_a_stopped_workshop(void **state)
{
    struct workshop_config workshops[2] = {
        {.slug = "anns", .name = "Ann's \"A\"", .erp_system = "file", .port = 8101, .active = true},
        {.slug = "bennys", .name = "Bennys", .erp_system = "tryton", .port = 8102}};
    struct child there[2] = {{.workshop = &workshops[0], .state = CHILD_RUNNING, .restarts = 3},
                             {.workshop = &workshops[1], .state = CHILD_FAILED}};
    struct child *children[2] = {&there[0], &there[1]};
    struct daemon daemon = {.children = children, .child_count = 2, .started_wall_ms = 1500000};
    char *text;

    (void)state;
    there[1].last_exit = (struct child_exit){1767225600007, 78, 0};
    /* A compromised worker may report anything, but cannot add a line. */
    there[0].alive = json_pack("{ss si si s{si si ss si}}", "worker", "parked", "queue_length", 4,
                               "oldest_placed_age_s", 90, "orders", "placed", 4, "error", 2,
                               "created", "no number", "x\"} 1\nfaked", 7);
    text = metrics_text(&daemon);
    expect(text, "# TYPE pumpline info\n# HELP pumpline ");
    expect(text, "\npumpline_info{version=\"" PUMPLINE_VERSION "\"} 1\n");
    expect(text, "\nprocess_start_time_seconds 1500.000\n");
    expect(text, "\npumpline_workshops{process=\"running\"} 1\n");
    expect(text, "\npumpline_workshop_restarts_total{workshop=\"Ann's \\\"A\\\"\"} 3\n"
                 "pumpline_workshop_restarts_total{workshop=\"Bennys\"} 0\n");
    expect(text, "\npumpline_workshop_process{workshop=\"Bennys\","
                 "pumpline_workshop_process=\"failed\"} 1\n");
    expect(text, "\n# UNIT pumpline_workshop_last_exit_timestamp_seconds seconds\n");
    expect(text, "\npumpline_workshop_last_exit_timestamp_seconds{workshop=\"Bennys\"} "
                 "1767225600.007\n");
    expect(text, "\npumpline_workshop_worker{workshop=\"Ann's \\\"A\\\"\","
                 "pumpline_workshop_worker=\"parked\"} 1\n");
    expect(text, "status=\"error\"} 2\n");
    expect(text, "status=\"created\"} 0\n");
    assert_null(strstr(text, "faked"));
    assert_null(strstr(text, "pumpline_workshop_queue_length{workshop=\"Bennys\"}"));
    assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
    json_decref(there[0].alive);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(labels_are_escaped),
                                       cmocka_unit_test(a_running_and_a_stopped_workshop)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
