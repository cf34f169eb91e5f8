/* POST /create while the disk is busy with the orders before. */
#include "test/unit/worker/asking.h"
#include "test/unit/worker/writer.h"

#define BODY                                                                                       \
    "{\"workshop\": \"Bennys Auto\", \"uniqueid\": \"%s\", \"worksheet\": \"558\", "               \
    "\"product_nr\": \"10\", \"product_amount\": \"5\"}"

/* Of a workshop whose orders stay where they are. */
static struct api *
api_of_stopped(struct scripted *s)
{
    delivery_stop(s->delivery, "");
    return api_of(s, false);
}

/* Its reply comes to *seen, which outlives it. */
static void
create(struct api *api, const char *uniqueid, struct seen *seen)
{
    char body[256];
    struct call *call;
    int length = snprintf(body, sizeof body, BODY, uniqueid);

    *seen = (struct seen){.status = 0};
    call = call_new("POST", "/create", body, (size_t)length, "application/json", NULL);
    call->host = mem_string("localhost");
    call->carrier = seen;
    call->send = take_reply;
    call->trusted = true;
    api_handle(call, api);
}

static void
reads_are_answered_while_a_commit_waits(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of_stopped(s);
    pid_t writer = writer_start(&s->f);
    struct seen first, second;

    create(api, "u-1", &first);
    event_base_loop(s->base, EVLOOP_ONCE); /* on its way */
    create(api, "u-2", &second);
    event_base_loop(s->base, EVLOOP_ONCE);
    assert_int_equal(api_pending(api), 2);
    assert_int_equal(ask(api, "GET", "/alive", NULL, true).status, 200);
    assert_int_equal(ask(api, "GET", "/orders/u-1", NULL, true).status, 404);
    assert_int_equal(first.status, 0);
    assert_int_equal(second.status, 0);
    writer_end(writer);
    RUN_UNTIL(s->base, first.status && second.status);
    assert_int_equal(first.status, 200);
    assert_int_equal(second.status, 200);
    assert_int_equal(api_pending(api), 0);
    assert_int_equal(ask(api, "GET", "/orders/u-2", NULL, true).status, 200);
    api_free(api);
}

/* Whoever changes the queue makes the loop wait, and the reply still comes. */
static void
a_change_meanwhile_loses_no_reply(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of_stopped(s);
    pid_t writer = writer_start(&s->f);
    struct seen first;

    create(api, "u-1", &first);
    event_base_loop(s->base, EVLOOP_ONCE);
    writer_end(writer);
    put_new(s->f.queue, "u-2", "558");
    RUN_UNTIL(s->base, first.status);
    assert_int_equal(first.status, 200);
    assert_non_null(strstr(first.body, "\"queue_length\":1"));
    assert_int_equal(queue_length(s->f.queue), 2);
    api_free(api);
}

static void
the_end_answers_all(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of_stopped(s);
    pid_t writer = writer_start(&s->f);
    struct seen first, second;

    create(api, "u-1", &first);
    event_base_loop(s->base, EVLOOP_ONCE);
    create(api, "u-2", &second);
    writer_end(writer);
    api_free(api);
    assert_int_equal(first.status, 200);
    assert_int_equal(second.status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_are_answered_while_a_commit_waits),
        TEST(a_change_meanwhile_loses_no_reply),
        TEST(the_end_answers_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
