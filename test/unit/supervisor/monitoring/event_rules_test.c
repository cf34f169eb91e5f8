/* Whether a change is sent, and how soon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/monitoring/event_rules.h"

static void
each_change_has_its_weight(void **state)
{
    static const struct {
        const char *before, *now;
        enum event_change change;
    } cases[] = {
        {"{}", "{}", EVENT_NOTHING},
        {"{\"uptime_s\":1}", "{\"uptime_s\":2}", EVENT_NOTHING},
        {"{\"queue_length\":1}", "{\"queue_length\":1}", EVENT_NOTHING},
        {"{\"queue_length\":1}", "{\"queue_length\":2}", EVENT_FIGURES},
        {"{\"orders\":{\"error\":0}}", "{\"orders\":{\"error\":1}}", EVENT_FIGURES},
        {"{\"oldest_placed_age_s\":null}", "{\"oldest_placed_age_s\":0}", EVENT_FIGURES},
        {"{\"queue_length\":1,\"pid\":1}", "{\"queue_length\":2,\"pid\":2}", EVENT_STATE},
        {"{\"worker\":\"running\"}", "{\"worker\":\"parked\"}", EVENT_STATE},
        {"{\"worker\":\"running\"}", "{}", EVENT_STATE},
        {"{}", "{\"worker\":\"running\"}", EVENT_STATE},
        {"{\"uptime_s\":1}", "{}", EVENT_NOTHING},
        {"{\"active\":true}", "{\"active\":false}", EVENT_STATE},
    };

    (void)state;
    assert_int_equal(event_change(NULL, NULL), EVENT_STATE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *before = json_loads(cases[i].before, 0, NULL);
        json_t *now = json_loads(cases[i].now, 0, NULL);

        assert_int_equal(event_change(before, now), cases[i].change);
        json_decref(before);
        json_decref(now);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_change_has_its_weight)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
