/* Who makes a call on the control socket: a user, or the person for whom a console acts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "supervisor/audit/caller.h"

static struct peer_names names;
static int status;
static char body[512];

static void
keep_reply(struct call *call, int new_status, const char *type, const char *text, size_t length)
{
    (void)call;
    (void)type;
    status = new_status;
    snprintf(body, sizeof body, "%.*s", (int)length, text);
}

static struct call *
new_call(const char *acts_for)
{
    struct call *call = call_new("PUT", "/reload", NULL, 0, NULL, NULL);

    call->send = keep_reply;
    call->uid = 0;
    call->acts_for = acts_for ? mem_string(acts_for) : NULL;
    return call;
}

static void
expect_author(const char *acts_for, const char *who, const char *via)
{
    struct call *call = new_call(acts_for);
    json_t *json, *expected = json_pack("{ss ss}", "who", who, "via", via);

    assert_true(caller_take(call, &names));
    json = author_json(&call->by);
    assert_true(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
    call_reply_text(call, 200, NULL, "", 0);
}

static void
a_user_or_a_person(void **state)
{
    (void)state;
    expect_author(NULL, "root", "socket");
    expect_author("ann", "ann", "console");
    expect_author("J\xc3\xbcrgen M.", "J\xc3\xbcrgen M.", "console");
    expect_author("Ju\xcc\x88rgen", "J\xc3\xbcrgen", "console"); /* in NFC */
}

static void
an_invalid_name_is_400(void **state)
{
    char longest[AUTHOR_WHO_MAX + 2];
    const char *const wrong[] = {"", " ", "a\tb", "a\xff", "a\xe2\x80\x8b", longest};

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(caller_take(new_call(wrong[i]), &names));
        assert_int_equal(status, 400);
        assert_non_null(strstr(body, "\"fields\":[\"Pumpline-By\"]"));
    }
    longest[sizeof longest - 2] = '\0';
    expect_author(longest, longest, "console");
}

static void
names_are_kept_and_replaced(void **state)
{
    struct peer_names few = {0};
    const char *root = peer_names_find(&few, 0);

    (void)state;
    assert_string_equal(root, "root");
    assert_ptr_equal(peer_names_find(&few, 0), root);
    assert_string_equal(peer_names_find(&few, 4000000001u), "uid 4000000001");
    for (uid_t uid = 4000000002u; uid < 4000000002u + PEER_NAMES; uid++)
        peer_names_find(&few, uid);
    assert_string_equal(peer_names_find(&few, 0), "root");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_user_or_a_person),
                                       cmocka_unit_test(an_invalid_name_is_400),
                                       cmocka_unit_test(names_are_kept_and_replaced)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
