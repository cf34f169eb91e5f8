/* A child's states. */
#include "test/unit/supervisor/child/child.h"

static void
the_configuration_comes_first(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"running\"}\n");
}

static void
a_ready_one_is_restarted_at_once(void **state)
{
    struct fixture *f = *state;
    int listen_fd;

    get_ready(f);
    listen_fd = f->child->listen_fd;
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->restarts, 1);
    assert_int_equal(f->child->last_exit.signal, 11);
    assert_int_equal(f->child->last_exit.code, -1);
    assert_int_equal(f->child->listen_fd, listen_fd);
    assert_int_equal(f->spawns, 2);
}

/* Ready, and dead a moment later, again and again. */
static void
a_few_short_lives_make_it_wait(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    for (int life = 0; life < 3; life++) {
        hang_up(f);
        child_reaped(f->child, 11);
        assert_int_equal(f->child->state, CHILD_STARTING);
        say(f, "{\"type\":\"ready\"}\n");
        assert_int_equal(f->child->state, CHILD_RUNNING);
    }
    hang_up(f);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_int_equal(f->spawns, 4);
    child_start(f->child); /* started by a request, before its delay is over */
    say(f, "{\"type\":\"ready\"}\n");
    hang_up(f);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->state, CHILD_STARTING);
    say(f, "{\"type\":\"ready\"}\n");
    f->child->ready_ms -= 60000; /* this one lived long enough */
    hang_up(f);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->short_lives, 0);
}

static void
one_that_was_never_ready_waits(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    hang_up(f);
    child_reaped(f->child, STATUS(1));
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_string_equal(f->child->last_error,
                        "process 1073741808 ended: exit status 1, before it was ready");
    event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->failures, 1);
    say(f, "{\"type\":\"ready\"}\n");
    assert_int_equal(f->child->failures, 0);
    assert_string_equal(f->child->last_error, "");
}

static void
a_refused_configuration_is_final_until_start(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    hang_up(f);
    child_reaped(f->child, STATUS(78));
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_int_equal(f->child->listen_fd, -1);
    get_ready(f);
}

static void
start_while_stopping_comes_after_the_end(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    child_stop(f->child);
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_true(f->child->listen_fd >= 0);
}

static void
stop_in_backoff_ends_it(void **state)
{
    struct fixture *f = *state;

    f->fail_spawns = 1;
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_string_equal(f->child->last_error, "cannot fork");
    child_stop(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->spawns, 0);
}

static void
calls_go_to_a_running_one_alone(void **state)
{
    struct fixture *f = *state;
    json_t *message = json_pack("{ss}", "type", "call");

    child_start(f->child);
    assert_false(child_send(f->child, message));
    say(f, "{\"type\":\"ready\"}\n");
    heard(f);
    assert_true(child_send(f->child, message));
    assert_string_equal(heard(f), "{\"type\":\"call\"}\n");
    say(f, "{\"type\":\"reply\",\"id\":1}\n{\"type\":\"nonsense\"}\n{}\n");
    assert_int_equal(f->replies, 1);
    child_kill(f->child);
    assert_false(child_send(f->child, message));
    json_decref(message);
}

static void
a_program_that_can_not_be_executed_is_named(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    hang_up(f);
    child_reaped(f->child, STATUS(SPAWN_EXEC_FAILED));
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_string_equal(
        f->child->last_error,
        "process 1073741808 cannot execute /nowhere/worker: No such file or directory");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_configuration_comes_first),
        TEST(a_ready_one_is_restarted_at_once),
        TEST(a_few_short_lives_make_it_wait),
        TEST(one_that_was_never_ready_waits),
        TEST(a_refused_configuration_is_final_until_start),
        TEST(start_while_stopping_comes_after_the_end),
        TEST(stop_in_backoff_ends_it),
        TEST(calls_go_to_a_running_one_alone),
        TEST(a_program_that_can_not_be_executed_is_named),
    };

    prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
