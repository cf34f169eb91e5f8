/* A compromised process can say what it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/monitoring/order_event.h"

static void
nonsense_is_no_event(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "created",
                                        "created -",
                                        "created - ",
                                        "gone - u-1",
                                        "error why u",
                                        "created  u",
                                        "0123456789abcdefg - u-1"};
    const struct workshop_config workshop = {.name = "Anns", .slug = "anns"};
    json_t *sound = order_event(&workshop, "created - u-1");

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_null(order_event(&workshop, texts[i]));
    assert_non_null(sound);
    json_decref(sound);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nonsense_is_no_event)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
