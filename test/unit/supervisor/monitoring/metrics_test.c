/* The text of GET /metrics. test/e2e/test_metrics.py checks it with a real parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "supervisor/monitoring/metrics.h"

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
    json_t *alive;
    char *text;

    (void)state;
    there[1].last_exit = (struct child_exit){1767225600007, 78, 0};
    /* A compromised worker may report anything, but cannot add a line. */
    alive = json_pack("{ss si si s{si si ss si}}", "worker", "parked", "queue_length", 4,
                      "oldest_placed_age_s", 90, "orders", "placed", 4, "error", 2, "created",
                      "no number", "x\"} 1\nfaked", 7);
    child_status_set(&there[0].status, alive);
    text = metrics_text(&daemon, metrics_format(NULL));
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
    child_status_clear(&there[0].status);
    json_decref(alive);
    free(text);
}

static void
the_older_text_has_only_its_own_types(void **state)
{
    struct workshop_config workshop = {.slug = "anns", .name = "Anns", .erp_system = "file"};
    struct child there = {.workshop = &workshop, .state = CHILD_RUNNING};
    struct child *children[1] = {&there};
    struct daemon daemon = {.children = children, .child_count = 1};
    json_t *alive;
    char *text;

    (void)state;
    alive = json_pack("{ss ss si}", "worker", "parked", "worker_reason", "auth_failed",
                      "needs_attention", 2);
    child_status_set(&there.status, alive);
    there.counters.created = 5;
    counters_error(&there.counters, "erp_rejected");
    counters_attempt(&there.counters, 50);
    counters_attempt(&there.counters, 70000);
    there.counters.last_success_ms = 1767225600007;
    text = metrics_text(&daemon, metrics_format("text/plain;version=0.0.4"));
    expect(text, "# TYPE pumpline_info gauge\n# HELP pumpline_info ");
    expect(text, "# TYPE pumpline_workshop_worker gauge\n");
    expect(text, "# TYPE pumpline_workshop_orders_ended_total counter\n");
    expect(text, "\npumpline_workshop_orders_ended_total{workshop=\"Anns\",outcome=\"created\","
                 "reason=\"\"} 5\n");
    expect(text, "outcome=\"error\",reason=\"erp_rejected\"} 1\n");
    expect(text, "\npumpline_workshop_attempts_total{workshop=\"Anns\"} 2\n");
    expect(text, "_bucket{workshop=\"Anns\",le=\"0.01\"} 0\n");
    expect(text, "_bucket{workshop=\"Anns\",le=\"0.05\"} 1\n");
    expect(text, "_bucket{workshop=\"Anns\",le=\"60.0\"} 1\n");
    expect(text, "_bucket{workshop=\"Anns\",le=\"+Inf\"} 2\n");
    expect(text, "_seconds_sum{workshop=\"Anns\"} 70.050\n");
    expect(text, "_seconds_count{workshop=\"Anns\"} 2\n");
    expect(text, "pumpline_workshop_parked{workshop=\"Anns\",worker_reason=\"auth_failed\"} 1\n");
    expect(text, "_last_success_timestamp_seconds{workshop=\"Anns\"} 1767225600.007\n");
    expect(text, "pumpline_workshop_needs_attention{workshop=\"Anns\"} 2\n");
    assert_null(strstr(text, "# EOF"));
    assert_null(strstr(text, "# UNIT"));
    assert_null(strstr(text, " info\n"));
    assert_null(strstr(text, " stateset\n"));
    child_status_clear(&there.status);
    json_decref(alive);
    free(text);
}

static void
a_client_gets_what_it_accepts(void **state)
{
    static const struct {
        const char *accept;
        bool open;
    } cases[] = {
        {NULL, true},
        {"*/*", true},
        {"text/plain", false},
        {"text/*;q=0.5", false},
        {"application/json", true},
        {"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", false},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q="
         "0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         true},
        {"application/openmetrics-text; q=0.2, text/plain; q=0.3", false},
        {"application/openmetrics-text,text/plain", true},
        {",,;;q=,", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (metrics_format(cases[i].accept)->open != cases[i].open)
            fail_msg("%s", cases[i].accept);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(labels_are_escaped),
                                       cmocka_unit_test(a_running_and_a_stopped_workshop),
                                       cmocka_unit_test(the_older_text_has_only_its_own_types),
                                       cmocka_unit_test(a_client_gets_what_it_accepts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
