/* Maintenance: a process without a listener, for a child at rest. What is left open in the ERP is
 * closed by one. */
#include "test/unit/supervisor/child/child.h"

static void
maintain(struct fixture *f)
{
    struct err err;

    f->without_listener = true;
    assert_int_equal(child_maintain(f->child, &err), 0);
    f->without_listener = false;
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->waiting, -1);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"none\"}\n");
}

static void
end(struct fixture *f, int status)
{
    hang_up(f);
    child_reaped(f->child, status);
}

static void
maintenance_tells_what_waits(void **state)
{
    struct fixture *f = *state;

    maintain(f);
    say(f, "{\"type\":\"bye\",\"waiting\":3}\n");
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->wanted, CHILD_DOWN);
    assert_int_equal(f->child->waiting, 3);
    assert_int_equal(f->child->restarts, 0);
    maintain(f);
    end(f, STATUS(74));
    assert_true(child_at_rest(f->child));
    assert_int_equal(f->child->waiting, -1);
    assert_int_equal(f->spawns, 2);
}

static void
maintenance_is_for_one_at_rest(void **state)
{
    struct fixture *f = *state;
    struct err err;

    get_ready(f);
    assert_int_equal(child_maintain(f->child, &err), -1);
    assert_int_equal(f->spawns, 1);
    child_stop(f->child);
    say(f, "{\"type\":\"bye\",\"waiting\":7}\n");
    end(f, 0);
    assert_int_equal(f->child->waiting, 7);
    f->fail_spawns = 1;
    f->without_listener = true;
    assert_int_equal(child_maintain(f->child, &err), -1);
    assert_string_equal(err.text, "cannot fork");
    assert_int_equal(f->child->state, CHILD_STOPPED);
}

static void
maintenance_leaves_a_failed_one_failed(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    end(f, STATUS(78));
    assert_int_equal(f->child->state, CHILD_FAILED);
    maintain(f);
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_int_equal(f->child->wanted, CHILD_UP);
    assert_non_null(strstr(f->child->last_error, "status 78"));
}

static void
a_start_comes_after_maintenance(void **state)
{
    struct fixture *f = *state;

    maintain(f);
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->spawns, 1);
    end(f, STATUS(74)); /* whatever became of it */
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->restarts, 0);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"running\"}\n");
    say(f, "{\"type\":\"ready\"}\n");
    assert_int_equal(f->child->state, CHILD_RUNNING);
}

static void
a_restart_comes_after_maintenance_and_a_stop_ends_it(void **state)
{
    struct fixture *f = *state;

    maintain(f);
    child_restart(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    child_stop(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    maintain(f);
    child_restart(f->child);
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_true(f->child->listen_fd >= 0);
}

/* Ends a ready process that said `bye` (NULL: nothing) as a person's kill. */
static void
kill_ready(struct fixture *f, const char *bye)
{
    get_ready(f);
    heard(f);
    child_kill(f->child);
    if (bye)
        say(f, bye);
    f->without_listener = true;
    end(f, SIGKILL);
    f->without_listener = false;
}

static void
what_is_left_open_is_closed_when_nobody_comes_back(void **state)
{
    struct fixture *f = *state;

    f->workshop.erp_system = "webdriver";
    kill_ready(f, NULL);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"none\"}\n");
    end(f, 0); /* once is enough, whatever came of it */
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->spawns, 2);
    kill_ready(f, "{\"type\":\"bye\",\"waiting\":0,\"open\":true}\n");
    assert_int_equal(f->child->state, CHILD_STARTING);
    say(f, "{\"type\":\"bye\",\"waiting\":0,\"open\":true}\n");
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->spawns, 4);
}

static void
nothing_is_closed_where_nothing_is_open(void **state)
{
    struct fixture *f = *state;

    kill_ready(f, NULL); /* a system whose sessions end with the worker */
    assert_int_equal(f->child->state, CHILD_STOPPED);
    f->workshop.erp_system = "webdriver";
    kill_ready(f, "{\"type\":\"bye\",\"waiting\":0,\"open\":false}\n");
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->spawns, 2);
    get_ready(f);
    end(f, SIGSEGV); /* its successor does it */
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_non_null(strstr(heard(f), "running"));
}

static void
a_failed_one_is_tidied_and_stays_failed(void **state)
{
    struct fixture *f = *state;

    f->workshop.erp_system = "webdriver";
    child_start(f->child);
    f->without_listener = true;
    end(f, STATUS(78));
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->spawns, 2);
    end(f, STATUS(78));
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_non_null(strstr(f->child->last_error, "status 78"));
    assert_int_equal(f->spawns, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(maintenance_tells_what_waits),
        TEST(maintenance_is_for_one_at_rest),
        TEST(maintenance_leaves_a_failed_one_failed),
        TEST(a_start_comes_after_maintenance),
        TEST(a_restart_comes_after_maintenance_and_a_stop_ends_it),
        TEST(what_is_left_open_is_closed_when_nobody_comes_back),
        TEST(nothing_is_closed_where_nothing_is_open),
        TEST(a_failed_one_is_tidied_and_stays_failed),
    };

    prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
