/* What the log shows of an exchange with an ERP, and what it hides. */
#include "test/unit/worker/fixture.h"

#include "common/base/log.h"
#include "worker/delivery/trace.h"

#define PASSWORD "pa\"ss/word"

static int saved_stderr, from_stderr;
static char said[16384];

static int
setup(void **state)
{
    int ends[2];

    (void)state;
    secret_start();
    saved_stderr = dup(STDERR_FILENO);
    if (pipe(ends))
        return -1;
    from_stderr = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_open("Bennys Auto");
    log_verbose(true);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    log_close();
    log_verbose(false);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(from_stderr);
    return 0;
}

/* All log output. */
static const char *
logged(void)
{
    ssize_t got;

    fcntl(from_stderr, F_SETFL, O_NONBLOCK);
    got = read(from_stderr, said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    return said;
}

static void
exchange(bool secret, const char *password, const char *body, const char *answer)
{
    struct order order = {.uniqueid = "u-1"};
    struct credentials auth = {.username = (char *)"bot", .password = (char *)password};
    struct erp_job job = {.order = &order,
                          .auth = &auth,
                          .request = {.kind = ERP_HTTP,
                                      .method = "POST",
                                      .url = (char *)"http://erp/?p=pa%22ss%2Fword",
                                      .what = "look-up",
                                      .secret = secret,
                                      .body = (char *)body,
                                      .body_length = strlen(body)}};
    const struct erp_reply reply = {
        .complete = true, .status = 200, .body = answer, .body_length = strlen(answer)};

    trace_request(&job);
    trace_reply(&job, &reply);
}

static void
both_bodies_are_shown_and_the_password_is_masked(void **state)
{
    (void)state;
    exchange(false, PASSWORD, "{\"p\": \"pa\\\"ss/word\"}", "[558]");
    assert_non_null(strstr(logged(), "[u-1]"));
    assert_non_null(
        strstr(said, "DEBUG -> POST http://erp/?p=************** (look-up), 20 bytes: {"));
    assert_non_null(strstr(said, "DEBUG <- 200 (look-up), 5 bytes: [558]"));
    assert_null(strstr(said, "word"));
}

static void
secret_bodies_are_not_shown(void **state)
{
    (void)state;
    exchange(true, PASSWORD, "{\"login\": 1}", "[\"session-key\"]");
    assert_non_null(strstr(logged(), "(look-up), 12 bytes\n"));
    assert_null(strstr(said, "session-key"));
}

/* A token that a login has yielded may stand in any later body. */
static void
tokens_are_masked(void **state)
{
    json_t *tokens = json_pack("{s:s s:i}", "token", "t0ken/of-today", "id", 7);
    struct erp_job job = {.secrets = tokens,
                          .request = {.kind = ERP_HTTP,
                                      .method = "GET",
                                      .url = (char *)"http://erp/?t=t0ken%2Fof-today"}};
    const char answer[] = "{\"again\": \"t0ken\\/of-today\"}";
    const struct erp_reply reply = {
        .complete = true, .status = 200, .body = answer, .body_length = sizeof answer - 1};

    (void)state;
    trace_request(&job);
    trace_reply(&job, &reply);
    assert_non_null(strstr(logged(), "GET http://erp/?t=****"));
    assert_null(strstr(said, "of-today"));
    json_decref(tokens);
}

static void
a_password_that_cannot_be_masked_hides_the_bodies(void **state)
{
    (void)state;
    exchange(false, "abc", "{\"p\": \"abc\"}", "[558]");
    assert_null(strstr(logged(), "abc"));
    assert_non_null(strstr(said, "12 bytes\n"));
}

/* Truncation could leave half a password, which no mask recognises. */
static void
a_password_at_the_cut_is_masked(void **state)
{
    char body[2100];

    (void)state;
    memset(body, ' ', sizeof body);
    memcpy(body + 1995, PASSWORD, strlen(PASSWORD));
    body[sizeof body - 1] = '\0';
    exchange(false, PASSWORD, body, "");
    assert_null(strstr(logged(), "pa\""));
    assert_non_null(strstr(said, "*****"));
}

static void
nothing_is_logged_unless_asked_for(void **state)
{
    (void)state;
    log_verbose(false);
    exchange(false, PASSWORD, "{}", "[]");
    assert_string_equal(logged(), "");
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(both_bodies_are_shown_and_the_password_is_masked),
        TEST(secret_bodies_are_not_shown),
        TEST(tokens_are_masked),
        TEST(a_password_that_cannot_be_masked_hides_the_bodies),
        TEST(a_password_at_the_cut_is_masked),
        TEST(nothing_is_logged_unless_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
