/* A worker that is killed, in each state of an order and in the middle of its writes: what the next
 * one finds. */
#include "test/unit/worker/fixture.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/base/clock.h"

#define ROUNDS 12
#define GROUP 7

/* Runs `act` in a process of its own, on the fixture's queue, and kills it there. */
static void
killed_after(struct fixture *f, void (*act)(struct queue *queue))
{
    int status;
    pid_t child;

    queue_close(f->queue);
    f->queue = NULL;
    child = fork();
    if (child == 0) {
        fixture_open(f, 16);
        act(f->queue);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    fixture_open(f, 16);
}

static json_t *
assert_history(struct queue *queue, const char *uniqueid, size_t length)
{
    json_t *history = history_of(queue, uniqueid);

    assert_int_equal(json_array_size(history), length);
    assert_int_equal(get(queue, uniqueid).history_length, length);
    return history;
}

static void
to_placed(struct queue *queue)
{
    put_new(queue, "u-1", "558");
    put_new(queue, "u-2", "558");
}

static void
placed_stays_placed(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    killed_after(f, to_placed);
    assert_int_equal(queue_count(f->queue, ORDER_PLACED), 2);
    assert_int_equal(queue_count(f->queue, 0), 2);
    json_decref(assert_history(f->queue, "u-1", 1));
    task = take(f->queue, 0, "u-1");
    assert_int_equal(task.order.attempts, 1);
    assert_false(task.order.commit_sent);
}

static void
to_processing(struct queue *queue)
{
    struct queue_task task;

    to_placed(queue);
    task = take(queue, 0, "u-1");
    task.order.next_attempt_ms = 1;
    task.order.retry_since_ms = 1234;
    strcpy(task.order.reason_text, "no connection");
    finish(queue, &task.order, ORDER_PLACED, "erp_unreachable");
    take(queue, INT64_MAX, "u-1");
}

static void
to_commit_sent(struct queue *queue)
{
    struct queue_task task;
    struct err err;

    to_placed(queue);
    task = take(queue, 0, "u-1");
    finish(queue, &task.order, ORDER_PLACED, "erp_busy");
    task = take(queue, INT64_MAX, "u-1");
    assert_int_equal(queue_commit_sent(queue, &task.order, &err), 0);
}

static void
processing_is_placed_and_due_at_once(void **state)
{
    static void (*const acts[])(struct queue *) = {to_processing, to_commit_sent};
    struct fixture *f = *state;

    for (int sent = 0; sent < 2; sent++) {
        struct queue_task task;
        struct order order;
        json_t *history;

        killed_after(f, acts[sent]);
        assert_int_equal(queue_count(f->queue, ORDER_PROCESSING), 0);
        assert_int_equal(queue_count(f->queue, ORDER_PLACED), 2);
        order = get(f->queue, "u-1");
        assert_int_equal(order.status, ORDER_PLACED);
        assert_int_equal(order.attempts, 2);
        assert_int_equal(order.next_attempt_ms, 0);
        assert_int_equal(order.commit_sent, sent);
        assert_int_equal(order.retry_since_ms, sent ? 0 : 1234);
        history = assert_history(f->queue, "u-1", 5);
        assert_string_equal(history_text(history, 4, "status"), "placed");
        assert_true(*history_text(history, 4, "note"));
        json_decref(history);
        assert_int_equal(queue_next_due_ms(f->queue), 0);
        task = take(f->queue, 0, "u-1");
        assert_int_equal(task.order.attempts, 3);
        assert_int_equal(task.order.commit_sent, sent);
        take_nothing(f->queue, INT64_MAX);
        queue_close(f->queue);
        folder_remove(f->folder);
        fixture_open(f, 16);
    }
}

static void
to_created(struct queue *queue)
{
    struct queue_task task;

    to_placed(queue);
    task = take(queue, 0, "u-1");
    strcpy(task.order.erp_reference, "4711");
    finish(queue, &task.order, ORDER_CREATED, "");
}

static void
created_stays_created(void **state)
{
    struct fixture *f = *state;
    struct order order;

    killed_after(f, to_created);
    order = get(f->queue, "u-1");
    assert_int_equal(order.status, ORDER_CREATED);
    assert_string_equal(order.erp_reference, "4711");
    json_decref(assert_history(f->queue, "u-1", 3));
    take(f->queue, 0, "u-2");
    take_nothing(f->queue, INT64_MAX);
}

static void
to_error(struct queue *queue)
{
    put_failed(queue, "u-1", "558");
    put_new(queue, "u-2", "558");
}

static void
error_stays_error(void **state)
{
    struct fixture *f = *state;

    killed_after(f, to_error);
    assert_int_equal(get(f->queue, "u-1").status, ORDER_ERROR);
    assert_string_equal(get(f->queue, "u-1").reason_code, "worksheet_closed");
    json_decref(assert_history(f->queue, "u-1", 3));
    take(f->queue, 0, "u-2");
    take_nothing(f->queue, INT64_MAX);
}

static void
to_next_attempt(struct queue *queue)
{
    struct queue_task task;

    to_placed(queue);
    task = take(queue, 0, "u-1");
    task.order.next_attempt_ms = 1795594530123;
    task.order.retry_since_ms = 1795594530000;
    finish(queue, &task.order, ORDER_PLACED, "worksheet_locked");
}

static void
a_next_attempt_keeps_its_time(void **state)
{
    struct fixture *f = *state;
    struct order order;

    killed_after(f, to_next_attempt);
    order = get(f->queue, "u-1");
    assert_int_equal(order.status, ORDER_PLACED);
    assert_int_equal(order.next_attempt_ms, 1795594530123);
    assert_int_equal(order.retry_since_ms, 1795594530000);
    assert_int_equal(order.attempts, 1);
    assert_string_equal(order.reason_code, "worksheet_locked");
    json_decref(assert_history(f->queue, "u-1", 3));
    assert_int_equal(queue_next_due_ms(f->queue), 1795594530123);
    take_nothing(f->queue, 1795594530122);
    take(f->queue, 1795594530123, "u-1");
}

static void
a_killed_worker_leaves_no_lock(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        killed_after(f, to_processing);
        queue_close(f->queue);
        folder_remove(f->folder);
        fixture_open(f, 16);
    }
}

/* --- kills at any moment --- */

/* Puts group after group, takes and ends some, and tells through the pipe what is acknowledged: the
 * number of the first order of each group. */
static void
work_until_killed(struct fixture *f, int pipe_fd, uint32_t first)
{
    fixture_open(f, 64);
    for (uint32_t n = first;; n += GROUP) {
        struct order orders[GROUP];
        struct queue_put puts[GROUP];
        struct queue_task task;
        struct err err;

        for (uint32_t i = 0; i < GROUP; i++) {
            char id[16], worksheet[16];

            snprintf(id, sizeof id, "u-%08u", n + i);
            snprintf(worksheet, sizeof worksheet, "%u", (n + i) % 11);
            orders[i] = order_of(id, worksheet);
            puts[i] = (struct queue_put){.order = &orders[i]};
        }
        queue_put(f->queue, puts, GROUP);
        for (uint32_t i = 0; i < GROUP; i++)
            if (puts[i].answer != QUEUE_PLACED)
                _exit(1);
        if (write(pipe_fd, &n, sizeof n) != sizeof n)
            _exit(1);
        if (queue_take(f->queue, 0, &task, 1, &err) == 1 && n % 2)
            finish(f->queue, &task.order, ORDER_CREATED, "");
    }
}

/* Reads acknowledgements for a while, kills, reads what is left. Returns the last one. */
static uint32_t
kill_after(pid_t child, int fd, int64_t wait_ms)
{
    int64_t until = clock_monotonic_ms() + wait_ms;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    uint32_t number, last = UINT32_MAX;
    bool killed = false;

    for (;;) {
        int64_t left = until - clock_monotonic_ms();

        if (!killed && left <= 0 && last != UINT32_MAX) {
            kill(child, SIGKILL);
            killed = true;
        }
        poll(&poll_fd, 1, left > 0 ? (int)left : killed ? DEADLINE_MS : 1);
        if (!(poll_fd.revents & (POLLIN | POLLHUP)))
            continue;
        if (read(fd, &number, sizeof number) != sizeof number)
            return last;
        last = number;
    }
}

static void
assert_all_there(struct fixture *f, uint32_t count)
{
    unsigned placed = queue_count(f->queue, ORDER_PLACED),
             created = queue_count(f->queue, ORDER_CREATED);

    for (uint32_t n = 0; n < count; n++) {
        struct order order;
        char id[16];

        snprintf(id, sizeof id, "u-%08u", n);
        order = get(f->queue, id);
        assert_true(order.status == ORDER_PLACED || order.status == ORDER_CREATED);
    }
    assert_int_equal(placed + created, queue_count(f->queue, 0));
    assert_int_equal(queue_count(f->queue, 0) % GROUP, 0);
    assert_in_range(queue_count(f->queue, 0), count, count + GROUP);
}

static void
every_acknowledged_order_is_there(void **state)
{
    struct fixture *f = *state;
    uint32_t next = 0;

    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2], status;
        uint32_t last;
        pid_t child;

        queue_close(f->queue);
        f->queue = NULL;
        assert_int_equal(pipe(ends), 0);
        child = fork();
        if (child == 0)
            work_until_killed(f, ends[1], next);
        close(ends[1]);
        last = kill_after(child, ends[0], rand() % 60);
        close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_true(last != UINT32_MAX && last >= next);
        fixture_open(f, 64);
        assert_all_there(f, last + GROUP);
        next = queue_count(f->queue, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(placed_stays_placed),
        TEST(processing_is_placed_and_due_at_once),
        TEST(created_stays_created),
        TEST(error_stays_error),
        TEST(a_next_attempt_keeps_its_time),
        TEST(a_killed_worker_leaves_no_lock),
        TEST(every_acknowledged_order_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
