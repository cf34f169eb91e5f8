/* The check of a queue that was not closed: in parts, while it serves, and before it serves where
 * there is reason for doubt. */
#include "test/unit/worker/fixture.h"

#include <sys/wait.h>

#include "worker/queue/record.h"
#include "worker/salvage/salvage.h"

#define MANY 2500 /* more than the backlog begins with, and more than one part */

static void
put_many(struct queue *queue)
{
    static struct order orders[MANY];
    static struct queue_put puts[MANY];

    for (unsigned i = 0; i < MANY; i++) {
        char id[16], worksheet[16];

        snprintf(id, sizeof id, "m-%04u", i);
        snprintf(worksheet, sizeof worksheet, "%u", i % 100);
        orders[i] = order_of(id, worksheet);
        puts[i] = (struct queue_put){.order = &orders[i]};
    }
    queue_put(queue, puts, MANY);
    assert_int_equal(puts[MANY - 1].answer, QUEUE_PLACED);
}

/* Works in a process of its own, which ends without a word. */
static void
ended_by(struct fixture *f, int number)
{
    pid_t child;
    int status;

    queue_close(f->queue);
    f->queue = NULL;
    child = fork();
    if (child == 0) {
        struct order order = order_of("late", "558");
        struct queue_put put = {.order = &order};

        signal(number, SIG_DFL); /* the test's frame has its own */
        fixture_open(f, 16);
        queue_put(f->queue, &put, 1); /* from the second time on it is known */
        kill(getpid(), number);
        pause();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WTERMSIG(status), number);
}

static void
open_checked(struct fixture *f)
{
    struct err err;

    if (salvage_check(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err))
        fail_msg("%s", err.text);
    fixture_open(f, 16);
}

/* How many parts it took; *last: what the last one said. */
static unsigned
check_all(struct queue *queue, int *last)
{
    unsigned parts = 1;
    struct err err;

    while ((*last = queue_check_part(queue, &err)) > 0)
        parts++;
    return parts;
}

static void
a_closed_queue_needs_none(void **state)
{
    struct fixture *f = *state;
    int last;

    put_many(f->queue);
    fixture_reopen(f, 16);
    assert_int_equal(check_all(f->queue, &last), 1);
    assert_int_equal(last, 0);
}

static void
a_killed_one_is_checked_in_parts(void **state)
{
    struct fixture *f = *state;
    int last;

    put_many(f->queue);
    ended_by(f, SIGKILL);
    open_checked(f);
    assert_true(check_all(f->queue, &last) > 5);
    assert_int_equal(last, 0);
    assert_int_equal(check_all(f->queue, &last), 1);
    assert_false(queue_broken(f->queue));
}

/* Work goes on between two parts. */
static void
what_changes_meanwhile_is_no_damage(void **state)
{
    struct fixture *f = *state;
    struct queue_task tasks[4];
    struct err err;
    unsigned number = 0;
    int last;

    put_many(f->queue);
    ended_by(f, SIGKILL);
    open_checked(f);
    while ((last = queue_check_part(f->queue, &err)) > 0) {
        char id[16];
        int count = queue_take(f->queue, INT64_MAX, tasks, 4, &err);

        for (int i = 0; i < count; i++)
            finish(f->queue, &tasks[i].order, i % 2 ? ORDER_CREATED : ORDER_PLACED, "");
        snprintf(id, sizeof id, "n-%u", number++);
        put_new(f->queue, id, id);
    }
    assert_int_equal(last, 0);
    assert_true(number > 5);
}

/* Removes an entry past the queue. */
static void
forget_entry(struct fixture *f, enum store_table table, struct bytes key)
{
    struct store_txn txn;
    struct store *store;
    struct err err;
    struct bytes value;

    queue_close(f->queue);
    f->queue = NULL;
    store = store_open(f->folder, 16, &err);
    assert_non_null(store);
    store_begin(store, &txn, true);
    assert_true(store_get(&txn, table, key, &value));
    store_delete(&txn, table, key);
    assert_int_equal(store_commit(&txn, &err), 0);
    store_close(store);
    fixture_open(f, 16);
}

static void
assert_found_and_mended(struct fixture *f)
{
    json_t *note;
    int last;

    ended_by(f, SIGKILL);
    open_checked(f);
    check_all(f->queue, &last);
    assert_int_equal(last, -1);
    assert_true(queue_broken(f->queue));
    queue_close(f->queue);
    open_checked(f);
    note = queue_salvaged(f->queue);
    assert_non_null(note);
    json_decref(note);
    assert_false(queue_broken(f->queue));
    get(f->queue, "u-1");
    get(f->queue, "u-2");
    get(f->queue, "late");
}

/* It could be placed twice. */
static void
an_order_without_its_name_is_damage(void **state)
{
    struct fixture *f = *state;

    put_new(f->queue, "u-1", "1");
    put_new(f->queue, "u-2", "2");
    forget_entry(f, STORE_IDS, queue_key_text("u-1"));
    assert_found_and_mended(f);
    take(f->queue, 0, "u-1");
    take(f->queue, 0, "u-2");
}

/* It would wait for ever. */
static void
an_order_that_delivery_does_not_find_is_damage(void **state)
{
    struct fixture *f = *state;
    unsigned char key[] = "1\0\0\0\0\0\0\0\0\1";

    put_new(f->queue, "u-1", "1");
    put_new(f->queue, "u-2", "2");
    forget_entry(f, STORE_WORKSHEET, (struct bytes){key, sizeof key - 1});
    assert_found_and_mended(f);
    take(f->queue, 0, "u-1");
    take(f->queue, 0, "u-2");
}

static void
an_order_without_its_status_is_damage(void **state)
{
    struct fixture *f = *state;
    unsigned char key[QUEUE_SEQ_BYTES];

    put_new(f->queue, "u-1", "1");
    put_new(f->queue, "u-2", "2");
    forget_entry(f, STORE_PLACED, queue_key_seq(key, 1));
    assert_found_and_mended(f);
    assert_int_equal(queue_count(f->queue, ORDER_PLACED), 3);
}

/* --- reasons for doubt --- */

static bool
suspect_after(struct fixture *f, int number)
{
    bool suspect;

    ended_by(f, number);
    suspect = store_is_suspect(f->folder);
    open_checked(f);
    assert_false(store_is_suspect(f->folder));
    return suspect;
}

static void
one_that_died_of_it_is_checked_first(void **state)
{
    struct fixture *f = *state;
    int last;

    put_many(f->queue);
    assert_false(suspect_after(f, SIGKILL));
    assert_true(suspect_after(f, SIGSEGV));
    assert_true(suspect_after(f, SIGBUS));
    assert_true(suspect_after(f, SIGABRT));
    assert_int_equal(check_all(f->queue, &last), 1); /* it is done */
}

static void
many_kills_without_a_whole_check_are_a_reason(void **state)
{
    struct fixture *f = *state;
    int last;

    put_many(f->queue);
    assert_false(suspect_after(f, SIGKILL));
    assert_int_equal(check_all(f->queue, &last) > 1, 1);
    for (int i = 0; i < 4; i++) /* the first one had begun with a sound queue */
        ended_by(f, SIGKILL);
    assert_true(store_is_suspect(f->folder));
    open_checked(f);
    assert_false(store_is_suspect(f->folder));
    fixture_reopen(f, 16);
    assert_int_equal(check_all(f->queue, &last), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_closed_queue_needs_none),
        TEST(a_killed_one_is_checked_in_parts),
        TEST(what_changes_meanwhile_is_no_damage),
        TEST(an_order_without_its_name_is_damage),
        TEST(an_order_that_delivery_does_not_find_is_damage),
        TEST(an_order_without_its_status_is_damage),
        TEST(one_that_died_of_it_is_checked_first),
        TEST(many_kills_without_a_whole_check_are_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
