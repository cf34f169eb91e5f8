/* Where the values of a document stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/json/position.h"

static const char text[] = "{\n"
                           "  \"a\": [1, {\"b\\\"/\": \"x]}\", \"ø\": \"å\", \"c\": [ ]}],\n"
                           "  \"e\": {\"f\": -1.5e3,\n"
                           "        \"g\": true}}";

static void
expect(const char *pointer, size_t line, size_t column)
{
    struct json_position position = json_position(text, pointer);

    if (position.line != line || position.column != column)
        fail_msg("%s: line %zu, column %zu", pointer, position.line, position.column);
}

static void
test_positions(void **state)
{
    (void)state;
    expect("", 1, 1);
    expect("/a", 2, 8);
    expect("/a/0", 2, 9);
    expect("/a/1", 2, 12);
    expect("/a/1/b\"~1", 2, 21);
    expect("/a/1/c", 2, 43);
    expect("/e", 3, 8);
    expect("/e/f", 3, 14);
    expect("/e/g", 4, 14);
}

static void
test_what_is_not_there(void **state)
{
    (void)state;
    expect("/x", 1, 1);
    expect("/a/7", 2, 8);
    expect("/e/f/g", 3, 14);
    expect("/e/name", 3, 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_positions),
                                       cmocka_unit_test(test_what_is_not_there)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
