/* Authors as JSON and as a short text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/json/author.h"

static void
json_and_back(void **state)
{
    struct author author = {.who = ""};
    json_t *object = json_pack("{s:s s:s}", "who", "chief", "via", "console"), *back;

    (void)state;
    assert_int_equal(author_read(object, &author), 0);
    back = author_json(&author);
    assert_true(json_equal(object, back));
    json_decref(back);
    json_object_set_new(object, "via", json_string("telephone"));
    assert_int_equal(author_read(object, &author), -1);
    assert_int_equal(author_read(NULL, &author), -1);
    json_object_set_new(object, "via", json_string("token"));
    json_object_set_new(object, "who", json_string("two\nlines"));
    assert_int_equal(author_read(object, &author), -1);
    assert_string_equal(author.who, "chief");
    json_decref(object);
}

static void
nobody_is_null(void **state)
{
    const struct author nobody = {.who = ""};

    (void)state;
    assert_true(json_is_null(author_json(&nobody)));
    assert_true(json_is_null(author_json(NULL)));
}

static void
text_and_back(void **state)
{
    static const struct author authors[] = {{"", ""},
                                            {AUTHOR_ANONYMOUS, AUTHOR_TOKEN},
                                            {"oilmat", AUTHOR_TOKEN},
                                            {"root", AUTHOR_SOCKET},
                                            {"chief", AUTHOR_CONSOLE}};
    static const char *const texts[] = {"", "t", "toilmat", "sroot", "cchief"};

    (void)state;
    for (size_t i = 0; i < sizeof authors / sizeof *authors; i++) {
        char text[AUTHOR_TEXT_BYTES];
        struct author back;

        author_pack(&authors[i], text);
        assert_string_equal(text, texts[i]);
        author_unpack(text, &back);
        assert_string_equal(back.who, authors[i].who);
        assert_string_equal(back.via, authors[i].via);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_and_back),
        cmocka_unit_test(nobody_is_null),
        cmocka_unit_test(text_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
