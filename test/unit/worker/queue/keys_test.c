/* A new workshop key: what the old one sealed opens with it, at whatever instant the change was cut
 * off. */
#include "test/unit/worker/fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "worker/salvage/salvage.h"

#define PASSWORD "gygag-never-shown"
#define OLD 7    /* the fixture's */
#define MANY 450 /* more than one transaction */

static struct queue *
open_with(struct fixture *f, unsigned char number, const unsigned char *old)
{
    struct queue_keys keys = {f->key, old};
    struct err err;

    queue_close(f->queue);
    memset(f->key, number, sizeof f->key);
    f->queue = queue_open(f->folder, 16, &keys, &err);
    assert_non_null(f->queue);
    return f->queue;
}

static const unsigned char *
key_of(unsigned char number)
{
    static unsigned char keys[256][SECRET_KEY_BYTES];

    return memset(keys[number], number, SECRET_KEY_BYTES);
}

static void
put_secret(struct fixture *f, const char *uniqueid)
{
    struct order order = order_of(uniqueid, uniqueid);
    struct credentials credentials = {secret_string("admin"), secret_string(PASSWORD)};

    put_answered(f->queue, &order, &credentials, QUEUE_PLACED);
    credentials_clear(&credentials);
}

static void
put_many(struct fixture *f)
{
    char uniqueid[16];

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(uniqueid, sizeof uniqueid, "u-%03u", i);
        put_secret(f, uniqueid);
    }
}

/* Takes one order and says whether its credentials opened. */
static bool
opens(struct fixture *f)
{
    struct queue_task task;
    struct err err;
    int taken = queue_take(f->queue, INT64_MAX, &task, 1, &err);

    assert_in_range(taken, 0, 1);
    if (!taken)
        return false;
    assert_string_equal(task.credentials.username, "admin");
    assert_string_equal(task.credentials.password, PASSWORD);
    credentials_clear(&task.credentials);
    finish(f->queue, &task.order, ORDER_CREATED, "");
    return true;
}

static void
all_opens_with_the_new_key_alone(void **state)
{
    struct fixture *f = *state;

    put_many(f);
    put_secret(f, "hash_key"); /* also the name of a note of the queue's own */
    assert_true(queue_rekeyed(open_with(f, 8, key_of(OLD))));
    open_with(f, 8, NULL);
    for (unsigned i = 0; i < MANY + 1; i++)
        assert_true(opens(f));
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), MANY + 1);
}

static void
the_old_key_opens_nothing(void **state)
{
    struct fixture *f = *state;

    put_secret(f, "u-1");
    open_with(f, 8, key_of(OLD));
    open_with(f, OLD, NULL);
    assert_false(opens(f));
    assert_string_equal(get(f->queue, "u-1").reason_code, "auth_failed");
}

/* What a session with the ERP must know. */
static void
a_memory_opens_with_the_new_key(void **state)
{
    struct fixture *f = *state;
    const struct credentials bea = {(char *)"bea", (char *)"one"};
    const struct credentials other = {(char *)"bea", (char *)"two"};
    struct err err;
    char *memory;

    assert_null(queue_memory(f->queue, &bea));
    assert_int_equal(queue_set_memory(f->queue, &bea, "token-1", &err), 0);
    assert_int_equal(queue_set_memory(f->queue, &bea, "token-2", &err), 0);
    assert_true(queue_rekeyed(open_with(f, 8, key_of(OLD))));
    open_with(f, 8, NULL);
    memory = queue_memory(f->queue, &bea);
    assert_string_equal(memory, "token-2");
    secret_free(memory);
    assert_null(queue_memory(f->queue, &other));
    assert_int_equal(queue_set_memory(f->queue, &bea, NULL, &err), 0);
    assert_null(queue_memory(f->queue, &bea));
    while (queue_check_part(f->queue, &err) == 1)
        continue;
}

static void
doing_it_again_changes_nothing(void **state)
{
    struct fixture *f = *state;

    put_secret(f, "u-1");
    for (unsigned i = 0; i < 3; i++)
        assert_true(queue_rekeyed(open_with(f, 8, key_of(OLD))));
    open_with(f, 8, NULL);
    assert_true(opens(f));
}

/* The disk is full: the queue serves with both keys, and the next opening goes on. */
static void
both_keys_are_in_play_until_it_is_done(void **state)
{
    struct fixture *f = *state;
    struct rlimit limit, small;

    put_secret(f, "u-1");
    put_secret(f, "u-2");
    queue_close(f->queue);
    f->queue = NULL;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    open_with(f, 8, key_of(OLD));
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_false(queue_rekeyed(f->queue));
    assert_true(opens(f));
    assert_true(queue_rekeyed(open_with(f, 8, key_of(OLD))));
    open_with(f, 8, NULL);
    assert_true(opens(f));
}

static void
what_no_key_opens_stays_as_it_is(void **state)
{
    struct fixture *f = *state;

    put_secret(f, "u-1");
    assert_true(queue_rekeyed(open_with(f, 9, key_of(8)))); /* 7 was never told */
    put_secret(f, "u-2");
    assert_true(queue_rekeyed(open_with(f, 10, key_of(9))));
    open_with(f, 10, key_of(OLD)); /* 9 is known no more, and 7 is */
    assert_true(opens(f));
    assert_true(opens(f));
}

static void
refused_credentials_are_remembered(void **state)
{
    struct credentials wrong = {secret_string("u"), secret_string("wrong")},
                       other = {secret_string("u"), secret_string("right")};
    struct fixture *f = *state;

    queue_set_refused(f->queue, &wrong, 4711);
    open_with(f, 8, key_of(OLD));
    assert_int_equal(queue_refused_ms(f->queue, &wrong), 4711);
    open_with(f, 8, NULL);
    assert_int_equal(queue_refused_ms(f->queue, &wrong), 4711);
    assert_int_equal(queue_refused_ms(f->queue, &other), 0);
    queue_set_refused(f->queue, &wrong, 0);
    assert_int_equal(queue_refused_ms(f->queue, &wrong), 0);
    credentials_clear(&wrong);
    credentials_clear(&other);
}

/* A damaged queue, found while a rekey is under way: what is taken over is sealed with the new key,
 * whichever of both sealed it. */
static void
a_salvaged_queue_is_sealed_anew(void **state)
{
    struct queue_keys keys = {key_of(8), key_of(OLD)};
    struct fixture *f = *state;
    struct err err;
    int fd;

    put_many(f);
    queue_close(f->queue);
    f->queue = NULL;
    fd = open(data_path(f), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, (char[8192]){0}, 8192, 0), 8192); /* both of its heads */
    close(fd);
    assert_int_equal(salvage_check(f->folder, 16, &keys, &err), 0);
    open_with(f, 8, NULL);
    assert_int_equal(queue_count(f->queue, ORDER_ERROR), MANY); /* found outside the tree */
    for (unsigned i = 0; i < MANY; i++) {
        struct order order;

        snprintf(order.uniqueid, sizeof order.uniqueid, "u-%03u", i);
        order = get(f->queue, order.uniqueid);
        assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
        assert_true(opens(f));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_opens_with_the_new_key_alone),       TEST(the_old_key_opens_nothing),
        TEST(a_memory_opens_with_the_new_key),        TEST(doing_it_again_changes_nothing),
        TEST(both_keys_are_in_play_until_it_is_done), TEST(what_no_key_opens_stays_as_it_is),
        TEST(refused_credentials_are_remembered),     TEST(a_salvaged_queue_is_sealed_anew)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
