/* Posts to a receiver on the test's loop: until it accepts, in order, and never two of a worksheet
 * at a time. */
#include "test/unit/worker/server.h"

#include "worker/callback/callbacks.h"

#define POSTS_MAX 64
#define KEY "0123456789abcdef01234567"

struct scene {
    struct fixture *f;
    struct event_base *base;
    struct server server;
    struct http *http;
    struct callbacks *callbacks;
    const int *delays_ms;
    size_t delay_count;
    char url[64];
    int (*decide)(struct scene *s, const char *uniqueid);
    struct {
        char uniqueid[32], id[QUEUE_CALLBACK_ID_BYTES];
        int status;
    } posts[POSTS_MAX];
    unsigned count;
    struct connection *held;
};

static const int delays_ms[] = {2, 4, 8}, steep_delays_ms[] = {1, 1, 1, 1, 3600000};

static void
copy_between(const char *text, const char *before, char after, char *to, size_t size)
{
    const char *from = strstr(text, before),
               *end = from ? strchr(from + strlen(before), after) : NULL;

    assert_non_null(end);
    from += strlen(before);
    snprintf(to, size, "%.*s", (int)(end - from), from);
}

static void
on_post(struct connection *connection, void *arg)
{
    struct scene *s = arg;
    int status;

    assert_in_range(s->count, 0, POSTS_MAX - 1);
    assert_memory_equal(connection->request, "POST /hook HTTP/1.1\r\n", 21);
    copy_between(connection->request, "\"uniqueid\":\"", '"', s->posts[s->count].uniqueid, 32);
    copy_between(connection->request, "webhook-id: ", '\r', s->posts[s->count].id,
                 QUEUE_CALLBACK_ID_BYTES);
    status = s->decide(s, s->posts[s->count].uniqueid);
    s->posts[s->count++].status = status;
    if (status)
        server_reply(connection, status, "", "{}");
    else
        s->held = connection;
}

static void
begin(struct scene *s, int64_t give_up_ms)
{
    s->callbacks = callbacks_new(&(struct callbacks_setup){.base = s->base,
                                                           .queue = s->f->queue,
                                                           .http = s->http,
                                                           .url = s->url,
                                                           .secret = KEY,
                                                           .give_up_ms = give_up_ms,
                                                           .delays_ms = s->delays_ms,
                                                           .delay_count = s->delay_count});
}

static int
setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    void *fixture = NULL;

    fixture_setup(&fixture);
    s->f = fixture;
    s->delays_ms = delays_ms;
    s->delay_count = 3;
    s->base = event_base_new();
    event_base_priority_init(s->base, 2);
    s->server = (struct server){.arg = s, .on_request = on_post};
    server_open(&s->server, s->base);
    s->http = http_new(s->base, NULL, NULL);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/hook", s->server.port);
    queue_call_back(s->f->queue, "Bennys Auto");
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;
    void *fixture = s->f;

    callbacks_free(s->callbacks);
    http_free(s->http);
    server_stop(&s->server);
    event_base_free(s->base);
    fixture_teardown(&fixture);
    free(s);
    return 0;
}

static unsigned
accepted(const struct scene *s, const char *uniqueid)
{
    unsigned count = 0;

    for (unsigned i = 0; i < s->count; i++)
        count += s->posts[i].status == 200 && strcmp(s->posts[i].uniqueid, uniqueid) == 0;
    return count;
}

static int
accept_all(struct scene *s, const char *uniqueid)
{
    (void)s;
    (void)uniqueid;
    return 200;
}

static int
fail_three_times(struct scene *s, const char *uniqueid)
{
    (void)uniqueid;
    return s->count < 3 ? 503 : 200;
}

static int
fail_a1_six_times(struct scene *s, const char *uniqueid)
{
    return strcmp(uniqueid, "a1") == 0 && s->count < 7 ? 503 : 200;
}

static int
refuse_a1(struct scene *s, const char *uniqueid)
{
    (void)s;
    return strcmp(uniqueid, "a1") ? 200 : 307;
}

static int
hold_a1(struct scene *s, const char *uniqueid)
{
    return !s->held && strcmp(uniqueid, "a1") == 0 ? 0 : 200;
}

static void
what_waits_and_what_comes_is_posted(void **state)
{
    struct scene *s = *state;

    s->decide = accept_all;
    put_created(s->f->queue, "a1", "558");
    begin(s, 60000);
    RUN_UNTIL(s->base, !queue_callbacks_waiting(s->f->queue));
    put_created(s->f->queue, "a2", "558");
    callbacks_wake(s->callbacks);
    RUN_UNTIL(s->base, !queue_callbacks_waiting(s->f->queue));
    assert_int_equal(s->count, 2);
    assert_int_equal(callbacks_counts(s->callbacks).accepted, 2);
}

static void
a_failed_one_is_repeated_with_its_id(void **state)
{
    struct scene *s = *state;

    s->decide = fail_three_times;
    put_created(s->f->queue, "a1", "558");
    put_created(s->f->queue, "a2", "558");
    begin(s, 60000);
    RUN_UNTIL(s->base, !queue_callbacks_waiting(s->f->queue));
    assert_int_equal(s->count, 5);
    for (unsigned i = 1; i < 4; i++) {
        assert_string_equal(s->posts[i].uniqueid, "a1");
        assert_string_equal(s->posts[i].id, s->posts[0].id);
    }
    assert_string_equal(s->posts[4].uniqueid, "a2");
    assert_string_not_equal(s->posts[4].id, s->posts[0].id);
}

static void
other_worksheets_go_on(void **state)
{
    struct scene *s = *state;

    s->decide = refuse_a1;
    put_created(s->f->queue, "a1", "558");
    put_created(s->f->queue, "a2", "558");
    put_created(s->f->queue, "b1", "77");
    put_created(s->f->queue, "c1", "99");
    begin(s, 60000);
    RUN_UNTIL(s->base, accepted(s, "b1") && accepted(s, "c1") && s->count > 6);
    assert_int_equal(accepted(s, "a2"), 0);
    assert_int_equal(queue_callbacks_waiting(s->f->queue), 2);
}

static void
one_that_fails_while_others_are_accepted_is_soon_repeated(void **state)
{
    struct scene *s = *state;

    s->decide = fail_a1_six_times;
    s->delays_ms = steep_delays_ms;
    s->delay_count = 5;
    put_created(s->f->queue, "a1", "558");
    put_created(s->f->queue, "b1", "77");
    begin(s, 86400000);
    RUN_UNTIL(s->base, accepted(s, "a1"));
    assert_int_equal(accepted(s, "b1"), 1);
    assert_int_equal(s->count, 8);
}

static void
one_that_hangs_holds_up_its_worksheet_alone(void **state)
{
    struct scene *s = *state;

    s->decide = hold_a1;
    put_created(s->f->queue, "a1", "558");
    put_created(s->f->queue, "a2", "558");
    put_created(s->f->queue, "b1", "77");
    begin(s, 60000);
    RUN_UNTIL(s->base, s->held && accepted(s, "b1"));
    callbacks_wake(s->callbacks);
    assert_int_equal(accepted(s, "a2"), 0);
    server_reply(s->held, 200, "", "{}");
    RUN_UNTIL(s->base, !queue_callbacks_waiting(s->f->queue));
    assert_int_equal(accepted(s, "a2"), 1);
}

static void
it_gives_up(void **state)
{
    struct scene *s = *state;

    s->decide = refuse_a1;
    put_created(s->f->queue, "a1", "558");
    put_created(s->f->queue, "a2", "558");
    begin(s, 30);
    RUN_UNTIL(s->base, !queue_callbacks_waiting(s->f->queue));
    assert_int_equal(accepted(s, "a1"), 0);
    assert_true(callbacks_counts(s->callbacks).given_up >= 1);
}

static void
one_that_was_not_recorded_is_posted_again(void **state)
{
    struct scene *s = *state;

    s->decide = hold_a1;
    put_created(s->f->queue, "a1", "558");
    begin(s, 60000);
    RUN_UNTIL(s->base, s->held);
    callbacks_free(s->callbacks);
    s->decide = accept_all;
    begin(s, 60000);
    RUN_UNTIL(s->base, !queue_callbacks_waiting(s->f->queue));
    assert_int_equal(s->count, 2);
    assert_string_equal(s->posts[1].id, s->posts[0].id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_waits_and_what_comes_is_posted),
        TEST(a_failed_one_is_repeated_with_its_id),
        TEST(other_worksheets_go_on),
        TEST(one_that_fails_while_others_are_accepted_is_soon_repeated),
        TEST(one_that_hangs_holds_up_its_worksheet_alone),
        TEST(it_gives_up),
        TEST(one_that_was_not_recorded_is_posted_again)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
