/* Sessions: one per pair of credentials, kept as long as it may be needed. */
#include "test/unit/worker/fixture.h"

#include "common/base/clock.h"
#include "worker/delivery/session.h"

static int opened, closed;
static const json_t *opened_with;

static void *
session_new(const json_t *erp)
{
    opened++;
    opened_with = erp;
    return malloc(1);
}

static void
session_free(void *session)
{
    closed++;
    free(session);
}

static const struct erp_driver driver = {
    .system = "test", .session_new = session_new, .session_free = session_free};

static int
setup(void **state)
{
    struct sessions *sessions = calloc(1, sizeof *sessions);

    secret_start();
    opened = closed = 0;
    sessions->driver = &driver;
    sessions->erp = json_object();
    *state = sessions;
    return 0;
}

static int
teardown(void **state)
{
    struct sessions *sessions = *state;

    sessions_clear(sessions);
    json_decref((json_t *)sessions->erp);
    free(sessions);
    return opened == closed ? 0 : -1;
}

static struct session *
acquire(struct sessions *sessions, const char *username, const char *password)
{
    struct credentials credentials = {secret_string(username), secret_string(password)};
    struct session *session = session_acquire(sessions, &credentials);

    credentials_clear(&credentials);
    return session;
}

static void
the_same_pair_shares_a_session(void **state)
{
    struct sessions *sessions = *state;
    struct session *first = acquire(sessions, "bea", "one");

    assert_ptr_equal(acquire(sessions, "bea", "one"), first);
    assert_int_equal(first->users, 2);
    assert_int_equal(opened, 1);
    assert_ptr_equal(opened_with, sessions->erp);
    session_release(first);
    session_release(first);
    assert_int_equal(first->users, 0);
    assert_ptr_equal(acquire(sessions, "bea", "one"), first);
    assert_int_equal(closed, 0);
}

static void
another_pair_has_another(void **state)
{
    struct sessions *sessions = *state;
    struct session *all[] = {acquire(sessions, "bea", "one"), acquire(sessions, "bea", "two"),
                             acquire(sessions, "Bea", "one"), session_acquire(sessions, NULL)};

    assert_int_equal(opened, 4);
    assert_int_equal(sessions->count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(all[i]->users, 1);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(all[i], all[k]);
    }
    assert_ptr_equal(session_acquire(sessions, NULL), all[3]);
}

static void
no_password_is_kept(void **state)
{
    struct session *session = acquire(*state, "bea", "the-password");

    assert_null(memmem(session, sizeof *session, "the-password", 12));
}

static void
the_longest_unused_goes_first(void **state)
{
    struct sessions *sessions = *state;
    struct session *session;
    char name[32];

    for (int i = 0; i < SESSIONS_MAX; i++) {
        snprintf(name, sizeof name, "user-%d", i);
        session = acquire(sessions, name, "x");
        if (i != 0)
            session_release(session);
        session->used_ms = i == 3 ? 1 : 1000 + i;
    }
    acquire(sessions, "one more", "x");
    assert_int_equal(sessions->count, SESSIONS_MAX);
    assert_int_equal(closed, 1);
    acquire(sessions, "user-0", "x");
    assert_int_equal(opened, SESSIONS_MAX + 1);
    acquire(sessions, "user-3", "x");
    assert_int_equal(opened, SESSIONS_MAX + 2);
}

static void
sessions_in_use_are_kept_beyond_the_limit(void **state)
{
    struct sessions *sessions = *state;
    char name[32];

    for (int i = 0; i < SESSIONS_MAX + 3; i++) {
        snprintf(name, sizeof name, "user-%d", i);
        acquire(sessions, name, "x");
    }
    assert_int_equal(sessions->count, SESSIONS_MAX + 3);
    assert_int_equal(closed, 0);
}

static void
a_refusal_is_remembered_for_a_while(void **state)
{
    struct sessions *sessions = *state;
    struct session *session = acquire(sessions, "bea", "wrong");
    int64_t now = clock_monotonic_ms();

    session->refused_ms = now - SESSION_REFUSED_MS + DEADLINE_MS;
    session_release(session);
    assert_ptr_equal(acquire(sessions, "bea", "wrong"), session);
    assert_true(session->refused_ms != 0);
    session_release(session);
    session->refused_ms = now - SESSION_REFUSED_MS;
    session = acquire(sessions, "bea", "wrong");
    assert_int_equal(session->refused_ms, 0);
    assert_int_equal(opened, 2);
    assert_int_equal(closed, 1);
}

static void
a_start_forgets_refusals(void **state)
{
    struct sessions *sessions = *state;
    struct session *refused = acquire(sessions, "bea", "wrong"),
                   *in_use = acquire(sessions, "bot", "wrong"),
                   *good = acquire(sessions, "bea", "right");

    refused->refused_ms = in_use->refused_ms = clock_monotonic_ms();
    session_release(refused);
    session_release(good);
    sessions_forget_refused(sessions);
    assert_int_equal(closed, 1);
    assert_ptr_equal(acquire(sessions, "bea", "right"), good);
    assert_ptr_equal(acquire(sessions, "bot", "wrong"), in_use);
    assert_int_equal(in_use->refused_ms, 0);
    assert_int_equal(acquire(sessions, "bea", "wrong")->refused_ms, 0);
    assert_int_equal(opened, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_pair_shares_a_session),
        TEST(another_pair_has_another),
        TEST(no_password_is_kept),
        TEST(the_longest_unused_goes_first),
        TEST(sessions_in_use_are_kept_beyond_the_limit),
        TEST(a_refusal_is_remembered_for_a_while),
        TEST(a_start_forgets_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
