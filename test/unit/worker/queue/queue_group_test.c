/* A group of orders whose commit is under way while the loop goes on. */
#include "test/unit/worker/writer.h"

#include <poll.h>
#include <time.h>

#include "worker/queue/change.h"

#define GROUP 3

struct group {
    struct order orders[GROUP];
    struct queue_put puts[GROUP];
};

static void
group_make(struct group *group, const char *const uniqueids[GROUP])
{
    *group = (struct group){.puts = {{.order = NULL}}};
    for (int i = 0; i < GROUP; i++) {
        group->orders[i] = order_of(uniqueids[i], "558");
        group->puts[i].order = &group->orders[i];
    }
}

static const char *const new_ones[GROUP] = {"u-1", "u-2", "u-3"};

/* Longer than the loop waits for it. */
static void
group_start(struct fixture *f, struct group *group)
{
    pid_t writer = writer_start(f);

    assert_true(queue_put_start(f->queue, group->puts, GROUP));
    writer_end(writer);
}

static bool
is_done(struct queue *queue, int wait_ms)
{
    struct pollfd done = {.fd = queue_put_fd(queue), .events = POLLIN};

    return poll(&done, 1, wait_ms) == 1;
}

static void
assert_answers(const struct group *group, enum queue_answer answer)
{
    for (int i = 0; i < GROUP; i++)
        assert_int_equal(group->puts[i].answer, answer);
}

static void
reads_are_served_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct order order;
    struct group group;
    struct err err;
    pid_t writer;

    put_new(f->queue, "u-0", "558");
    writer = writer_start(f);
    group_make(&group, new_ones);
    assert_true(queue_put_start(f->queue, group.puts, GROUP));
    assert_false(is_done(f->queue, 0));
    get(f->queue, "u-0");
    assert_int_equal(queue_get(f->queue, "u-1", &order, &err), 0);
    assert_int_equal(queue_length(f->queue), 1);
    assert_true(queue_oldest_placed_ms(f->queue) > 0);
    writer_end(writer);
    assert_true(is_done(f->queue, DEADLINE_MS));
    assert_int_equal(queue_length(f->queue), 1); /* not before its end */
    queue_put_end(f->queue);
    assert_false(is_done(f->queue, 0));
    assert_answers(&group, QUEUE_PLACED);
    assert_int_equal(group.puts[2].queue_length, 4);
    assert_int_equal(queue_length(f->queue), 4);
    get(f->queue, "u-3");
}

/* Ends the writer later than the loop waits for the thread. */
static pid_t
writer_end_later(pid_t writer)
{
    const struct timespec later = {.tv_nsec = 50000000};
    pid_t pid = fork();

    if (pid == 0) {
        nanosleep(&later, NULL);
        _exit(kill(writer, SIGKILL));
    }
    return pid;
}

static bool
start_alone(struct fixture *f, const char *uniqueid)
{
    static struct order order;
    static struct queue_put put = {.order = &order};

    order = order_of(uniqueid, "558");
    return queue_put_start(f->queue, &put, 1);
}

static void
a_single_order_needs_the_thread_only_on_a_slow_disk(void **state)
{
    struct fixture *f = *state;
    pid_t writer = writer_start(f), end;
    char uniqueid[24];

    assert_true(start_alone(f, "u-1")); /* not known yet */
    assert_false(is_done(f->queue, 200));
    writer_end(writer);
    queue_put_end(f->queue);
    writer = writer_start(f);
    assert_true(start_alone(f, "u-2")); /* the last one took long */
    writer_end(writer);
    queue_put_end(f->queue);
    for (int i = 3; f->queue->slow_disk; i++) {
        snprintf(uniqueid, sizeof uniqueid, "u-%d", i);
        start_alone(f, uniqueid);
        queue_put_end(f->queue);
    }
    writer = writer_start(f);
    end = writer_end_later(writer);
    assert_false(start_alone(f, "alone"));
    get(f->queue, "alone");
    assert_int_equal(waitpid(end, NULL, 0), end);
    writer_end(writer);
}

static void
a_change_waits_for_it(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;
    struct group group;

    group_make(&group, new_ones);
    group_start(f, &group);
    task = take(f->queue, INT64_MAX, "u-1");
    assert_answers(&group, QUEUE_PLACED);
    finish(f->queue, &task.order, ORDER_CREATED, "");
    queue_put_end(f->queue);
    assert_int_equal(queue_count(f->queue, ORDER_PLACED), 2);
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), 1);
    assert_int_equal(queue_last_seq(f->queue), 3);
}

static void
known_ones_are_compared(void **state)
{
    static const char *const ids[GROUP] = {"u-1", "u-1", "u-2"};
    struct fixture *f = *state;
    struct group group;

    put_new(f->queue, "u-2", "559");
    group_make(&group, ids);
    group_start(f, &group);
    queue_put_end(f->queue);
    assert_int_equal(group.puts[0].answer, QUEUE_PLACED);
    assert_int_equal(group.puts[1].answer, QUEUE_DUPLICATE);
    assert_int_equal(group.puts[2].answer, QUEUE_CONFLICT);
    assert_string_equal(group.orders[2].worksheet, "559");
    assert_int_equal(queue_count(f->queue, 0), 2);
}

static void
an_error_reaches_all(void **state)
{
    struct fixture *f = *state;
    struct group group;

    put_new(f->queue, "u-0", "558"); /* makes the reserve */
    group_make(&group, new_ones);
    disk_takes(false);
    group_start(f, &group);
    queue_put_end(f->queue);
    disk_takes(true);
    assert_answers(&group, QUEUE_REFUSED);
    for (int i = 0; i < GROUP; i++)
        assert_string_equal(group.puts[i].err.code, "disk_full");
    assert_int_equal(queue_count(f->queue, 0), 1);
    fixture_reopen(f, 16);
    assert_int_equal(queue_count(f->queue, 0), 1);
}

/* A fast disk: the loop has the answers at once, or is told. */
static void
it_ends_by_itself(void **state)
{
    struct fixture *f = *state;
    struct group group;

    group_make(&group, new_ones);
    if (queue_put_start(f->queue, group.puts, GROUP)) {
        assert_true(is_done(f->queue, DEADLINE_MS));
        queue_put_end(f->queue);
    }
    assert_false(is_done(f->queue, 0));
    assert_answers(&group, QUEUE_PLACED);
    assert_int_equal(queue_length(f->queue), GROUP);
}

static void
closing_waits_for_it(void **state)
{
    struct fixture *f = *state;
    struct group group;

    group_make(&group, new_ones);
    group_start(f, &group);
    fixture_reopen(f, 16);
    assert_answers(&group, QUEUE_PLACED);
    assert_int_equal(queue_count(f->queue, 0), GROUP);
}

/* In a process of its own, which is killed while its commit waits. */
static void
start_and_die(struct fixture *f)
{
    struct group group;

    fixture_open(f, 16);
    writer_start(f);
    group_make(&group, new_ones);
    queue_put_start(f->queue, group.puts, GROUP);
    raise(SIGKILL);
}

static void
a_process_that_ends_meanwhile_leaves_nothing_by_halves(void **state)
{
    struct fixture *f = *state;
    struct group group;
    int status;
    pid_t child;

    put_new(f->queue, "u-0", "558");
    queue_close(f->queue);
    f->queue = NULL;
    child = fork();
    if (child == 0)
        start_and_die(f);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    fixture_open(f, 16);
    assert_int_equal(queue_count(f->queue, 0), 1);
    group_make(&group, new_ones);
    queue_put(f->queue, group.puts, GROUP);
    assert_answers(&group, QUEUE_PLACED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_are_served_meanwhile),
        TEST(a_single_order_needs_the_thread_only_on_a_slow_disk),
        TEST(a_change_waits_for_it),
        TEST(known_ones_are_compared),
        TEST(an_error_reaches_all),
        TEST(it_ends_by_itself),
        TEST(closing_waits_for_it),
        TEST(a_process_that_ends_meanwhile_leaves_nothing_by_halves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
