/* Workshops that write to the same ERP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/neighbour.h"

static char *
place_of(const char *url)
{
    json_t *erp = json_pack("{s:s*}", "url", url);
    char *place = config_erp_target(erp);

    json_decref(erp);
    return place;
}

static bool
are_neighbours(const char *one, const char *other)
{
    struct workshop_config a = {.slug = "a", .name = "A", .target = place_of(one)},
                           b = {.slug = "b", .name = "B", .target = place_of(other)},
                           *both[] = {&a, &b};
    const struct daemon_config config = {.workshops = both, .workshop_count = 2};
    const char *found = config_neighbour(&config, &a), *back = config_neighbour(&config, &b);

    assert_int_equal(found != NULL, back != NULL);
    if (found) {
        assert_string_equal(found, "B");
        assert_string_equal(back, "A");
    }
    free(a.target);
    free(b.target);
    return found;
}

static void
test_neighbours(void **state)
{
    (void)state;
    assert_true(are_neighbours("http://erp:8000/db/", "http://erp:8000/db/"));
    assert_true(are_neighbours("http://erp:8000/db/", "http://ERP:8000/db"));
    assert_true(are_neighbours("https://erp/db/", "https://erp:443/db//"));
    assert_true(are_neighbours("http://erp:8000/", "http://erp:8000/db/")); /* its web client */
    assert_true(are_neighbours("http://erp:8000", "http://erp:8000/"));
    assert_false(are_neighbours("http://erp:8000/db/", "http://erp:8000/db2/"));
    assert_false(are_neighbours("http://erp:8000/db/", "http://erp:8001/db/"));
    assert_false(are_neighbours("http://erp:8000/db/", "http://erp2:8000/db/"));
    assert_false(are_neighbours("http://erp:8000/db/", NULL));
    assert_false(are_neighbours(NULL, NULL));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_neighbours)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
