/* Name resolution through another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "worker/io/names.h"

struct fixture {
    struct event_base *base;
    struct names *names;
    unsigned asked, id;
    char name[64];
    unsigned answers, count;
    char first[INET6_ADDRSTRLEN], error[64];
};

static void
on_ask(unsigned id, const char *name, void *arg)
{
    struct fixture *f = arg;

    f->asked++;
    f->id = id;
    text_copy(f->name, sizeof f->name, name);
}

static void
on_answer(const struct names_answer *answer, void *arg)
{
    struct fixture *f = arg;

    f->answers++;
    f->count = (unsigned)answer->count;
    text_copy(f->first, sizeof f->first, answer->count ? answer->addresses[0] : "");
    text_copy(f->error, sizeof f->error, answer->count ? "" : answer->error);
}

static void
say(struct fixture *f, const char *text)
{
    char *whole = mem_format("{\"id\":%u,%s}", f->id, text);
    json_t *message = json_loads(whole, 0, NULL);

    assert_non_null(message);
    names_answered(f->names, message);
    json_decref(message);
    free(whole);
    event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static void
test_one_query_for_all(void **state)
{
    struct fixture *f = *state;

    names_resolve(f->names, "erp.example.com", on_answer, f);
    names_resolve(f->names, "ERP.example.com", on_answer, f);
    assert_int_equal(f->asked, 1);
    assert_string_equal(f->name, "erp.example.com");
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    assert_int_equal(f->answers, 0);
    say(f, "\"addresses\":[\"192.0.2.7\",\"2001:db8::1\"]");
    assert_int_equal(f->answers, 2);
    assert_int_equal(f->count, 2);
    assert_string_equal(f->first, "192.0.2.7");
    names_resolve(f->names, "erp.example.com", on_answer, f);
    assert_int_equal(f->answers, 2); /* never from inside the call */
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    assert_int_equal(f->answers, 3);
    assert_int_equal(f->asked, 1);
}

static void
test_an_address_is_its_own_answer(void **state)
{
    static const char *const texts[][2] = {
        {"192.0.2.7", "192.0.2.7"}, {"[::1]", "::1"}, {"::1", "::1"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        names_resolve(f->names, texts[i][0], on_answer, f);
        event_base_loop(f->base, EVLOOP_NONBLOCK);
        assert_int_equal(f->answers, i + 1);
        assert_string_equal(f->first, texts[i][1]);
    }
    assert_int_equal(f->asked, 0);
}

static void
test_invalid_addresses_are_dropped(void **state)
{
    struct fixture *f = *state;

    names_resolve(f->names, "a", on_answer, f);
    say(f, "\"addresses\":[\"192.0.2.7:80\",\"x\",7,\"\",\"192.0.2.7,[::1]\"]");
    assert_int_equal(f->answers, 1);
    assert_string_equal(f->error, "the name has no address");
    names_resolve(f->names, "a", on_answer, f);
    assert_int_equal(f->asked, 2);
    say(f, "\"addresses\":[],\"error\":\"Name or service not known\"");
    assert_int_equal(f->answers, 2);
    assert_string_equal(f->error, "Name or service not known");
}

static void
test_a_cancelled_query_gets_no_answer(void **state)
{
    struct fixture *f = *state;

    names_cancel(names_resolve(f->names, "a", on_answer, f));
    say(f, "\"addresses\":[\"192.0.2.7\"]");
    assert_int_equal(f->answers, 0);
    f->id = 77; /* unknown id */
    say(f, "\"addresses\":[\"192.0.2.9\"]");
    names_resolve(f->names, "a", on_answer, f);
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    assert_string_equal(f->first, "192.0.2.7");
}

static void
test_many_names(void **state)
{
    struct fixture *f = *state;
    char name[16] = "a";

    for (int i = 0; i < 26; i++, name[0]++) {
        names_resolve(f->names, name, on_answer, f);
        say(f, "\"addresses\":[\"192.0.2.7\"]");
    }
    assert_int_equal(f->asked, 26);
    assert_int_equal(f->answers, 26);
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->base = event_base_new();
    f->names = names_new(f->base, on_ask, f);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    names_free(f->names);
    event_base_free(f->base);
    free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_query_for_all), TEST(test_an_address_is_its_own_answer),
        TEST(test_invalid_addresses_are_dropped), TEST(test_a_cancelled_query_gets_no_answer),
        TEST(test_many_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
