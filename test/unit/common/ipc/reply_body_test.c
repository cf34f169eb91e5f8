/* Bodies of replies on the channel. */
#include "common/ipc/reply_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/secret.h"

static void
any_bytes_come_back(void **state)
{
    static const struct {
        const char *type, *member, *body;
        size_t length;
    } cases[] = {{"application/json", "body", "{\"a\":1}", 7},
                 {"application/problem+json", "body", "{}", 2},
                 {NULL, "body", NULL, 0},
                 {"text/plain; charset=utf-8", "base64", "\x01 page", 6},
                 {"image/png", "base64", "\x89PNG\0\xff", 6},
                 {"image/png", "base64", "", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *reply = json_object();
        size_t length = 99;
        char *body;

        reply_body_set(reply, cases[i].type, cases[i].body, cases[i].length);
        assert_true(json_is_string(json_object_get(reply, cases[i].member)));
        body = reply_body_get(reply, &length);
        assert_int_equal(length, cases[i].length);
        if (length)
            assert_memory_equal(body, cases[i].body, length);
        free(body);
        json_decref(reply);
    }
}

static void
a_text_with_a_nul_is_as_long_as_it_says(void **state)
{
    json_t *reply = json_loads("{\"body\":\"a\\u0000bcd\"}", JSON_ALLOW_NUL, NULL);
    size_t length;
    char *body = reply_body_get(reply, &length);

    (void)state;
    assert_int_equal(length, 5);
    assert_memory_equal(body, "a\0bcd", 6);
    free(body);
    json_decref(reply);
}

static void
the_largest_fits_into_a_line(void **state)
{
    json_t *reply = json_object();
    char *body = mem_alloc(REPLY_BODY_OTHER_MAX), *text;

    (void)state;
    reply_body_set(reply, "text/plain", body, REPLY_BODY_OTHER_MAX);
    text = json_dumps(reply, JSON_COMPACT);
    assert_true(strlen(text) < CHAN_LINE_MAX - 4096);
    free(text);
    free(body);
    json_decref(reply);
}

static void
what_is_no_body(void **state)
{
    static const char *const texts[] = {"{\"body\":{}}", "{\"base64\":1}", "{\"base64\":\"a\"}",
                                        "{\"base64\":\"YQ==x\"}", "{\"base64\":\"\\u00e5\"}"};
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *reply = json_loads(texts[i], 0, NULL);

        assert_null(reply_body_get(reply, &length));
        json_decref(reply);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_bytes_come_back),
                                       cmocka_unit_test(a_text_with_a_nul_is_as_long_as_it_says),
                                       cmocka_unit_test(the_largest_fits_into_a_line),
                                       cmocka_unit_test(what_is_no_body)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
