/* A queue of an earlier release: all of it is there, whenever the upgrade was cut off. */
#include "test/unit/worker/salvage/queue_dump.h"

#include <sys/wait.h>
#include <time.h>

#include "common/base/clock.h"
#include "source_dir.h"
#include "worker/salvage/salvage.h"
#include "worker/store/store.h"

#define DATA TEST_SOURCE_DIR "/data/queue-format-"
#define ERP "{\"system\":\"tryton\"}"
#define PASSWORD "gygag-never-shown"
#define KILLS 25 /* evenly, over an upgrade */

static void
unpack(unsigned format, const char *suffix, const char *to)
{
    char *command = mem_format("gzip -dc " DATA "%u.%s.gz > %s", format, suffix, to);

    assert_int_equal(system(command), 0);
    free(command);
}

static void
begin(struct fixture *f, unsigned format)
{
    queue_close(f->queue);
    f->queue = NULL;
    folder_remove(f->folder);
    assert_int_equal(mkdir(f->folder, 0700), 0);
    unpack(format, "mdb", data_path(f));
}

/* As the worker opens it. */
static void
open_checked(struct fixture *f)
{
    struct err err;

    /* The process that reads for one that was killed may have the lock a little longer. */
    while (salvage_check(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err))
        if (strcmp(err.code, "in_use"))
            fail_msg("%s", err.text);
    fixture_open(f, 16);
}

static json_t *
expected(const struct fixture *f, unsigned format)
{
    char *path = mem_format("%s/expected.json", f->folder);
    json_t *document;

    unpack(format, "json", path);
    document = json_load_file(path, 0, NULL);
    assert_non_null(document);
    unlink(path);
    free(path);
    return document;
}

/* An earlier release did not record who did it. */
static void
forget_authors(json_t *order)
{
    json_t *history = json_object_get(order, "history"), *line;
    size_t i;

    json_array_foreach(history, i, line)
    {
        assert_true(json_is_null(json_object_get(line, "by")));
        json_object_del(line, "by");
    }
}

static void
assert_whole(struct fixture *f, unsigned format)
{
    json_t *want = expected(f, format), *have = dump_queue(f->queue), *orders, *order;
    size_t i;

    assert_null(queue_salvaged(f->queue));
    orders = json_object_get(want, "orders");
    assert_int_equal(json_array_size(json_object_get(have, "orders")), json_array_size(orders));
    json_array_foreach(orders, i, order)
    {
        json_t *other = json_array_get(json_object_get(have, "orders"), i);

        forget_authors(other);
        if (json_equal(order, other))
            continue;
        json_dumpf(order, stderr, JSON_INDENT(1) | JSON_SORT_KEYS);
        json_dumpf(other, stderr, JSON_INDENT(1) | JSON_SORT_KEYS);
        fail_msg("order %zu differs", i);
    }
    assert_true(json_equal(want, have));
    json_decref(want);
    json_decref(have);
}

static void
all_of_it_is_there(void **state)
{
    struct credentials wrong = {secret_string("u"), secret_string("wrong")};
    struct fixture *f = *state;

    begin(f, 2);
    open_checked(f);
    assert_whole(f, 2);
    assert_false(get(f->queue, "created-2").by_hand);
    assert_int_equal(queue_count(f->queue, QUEUE_ATTENTION), queue_count(f->queue, ORDER_ERROR));
    begin(f, 1);
    open_checked(f);
    assert_whole(f, 1);
    assert_int_equal(queue_refused_ms(f->queue, &wrong), 4711);
    fixture_reopen(f, 16);
    assert_int_equal(get(f->queue, "created-2").status, ORDER_CREATED);
    credentials_clear(&wrong);
}

/* Each order of its own credentials is delivered with them. */
static void
assert_delivered_in_order(struct fixture *f, unsigned format, unsigned with_own, unsigned with_sent)
{
    unsigned count = 0, own = 0, sent = 0, waiting;
    char last[128] = "";
    struct queue_task task;
    struct err err;

    begin(f, format);
    open_checked(f);
    waiting = queue_length(f->queue);
    for (; queue_take(f->queue, INT64_MAX, &task, 1, &err) == 1; count++) {
        if (strncmp(task.order.uniqueid, "many-", 5) == 0) {
            assert_true(strcmp(task.order.uniqueid, last) > 0);
            strcpy(last, task.order.uniqueid);
        }
        if (task.credentials.username) {
            assert_string_equal(task.credentials.password, PASSWORD);
            own++;
        }
        credentials_clear(&task.credentials);
        sent += task.order.commit_sent;
        snprintf(task.order.erp_reference, sizeof task.order.erp_reference, "of %u", count);
        finish(f->queue, &task.order, ORDER_CREATED, "");
    }
    assert_int_equal(count, waiting);
    assert_int_equal(own, with_own);
    assert_int_equal(sent, with_sent);
    assert_int_equal(queue_length(f->queue), 0);
}

static void
what_waits_is_delivered_in_order(void **state)
{
    assert_delivered_in_order(*state, 1, 3, 1);
    assert_delivered_in_order(*state, 2, 4, 2);
}

static void
end_as(struct fixture *f, const char *uniqueid, const char *reference, enum order_status status)
{
    struct queue_task task;

    put_new(f->queue, uniqueid, uniqueid);
    for (;;) {
        struct err err;

        assert_int_equal(queue_take(f->queue, INT64_MAX, &task, 1, &err), 1);
        credentials_clear(&task.credentials);
        if (strcmp(task.order.uniqueid, uniqueid) == 0)
            break;
        finish(f->queue, &task.order, ORDER_ERROR, "erp_rejected");
    }
    strcpy(task.order.erp_reference, reference);
    finish(f->queue, &task.order, ORDER_CREATED, "");
    assert_int_equal(get(f->queue, uniqueid).status, status);
}

/* Those of the ERP of today, and no others. */
static void
references_are_known(void **state)
{
    struct fixture *f = *state;
    struct err err;

    begin(f, 1);
    open_checked(f);
    assert_int_equal(queue_set_erp(f->queue, ERP, &err), 0);
    end_as(f, "new-1", "R-2", ORDER_ERROR);
    end_as(f, "new-2", "R-1", ORDER_ERROR);
    assert_non_null(strstr(get(f->queue, "new-2").reason_text, "\"created-2\""));
    end_as(f, "new-3", "R-4", ORDER_CREATED);
}

/* How long an upgrade takes. */
static long
upgrade_ms(struct fixture *f, unsigned format)
{
    int64_t start;

    begin(f, format);
    start = clock_monotonic_ms();
    open_checked(f);
    return (long)(clock_monotonic_ms() - start);
}

/* Kills the upgrade after a while. False: it had come to its end. */
static bool
killed_after(struct fixture *f, long wait_us)
{
    const struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
    pid_t child = fork();
    struct err err;
    int status;

    if (child == 0)
        _exit(salvage_check(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err) ? 1 : 0);
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static void
assert_kill_loses_nothing(struct fixture *f, unsigned format)
{
    long step_us = upgrade_ms(f, format) * 1000 / KILLS;
    bool killed = true;

    for (int i = 0; killed && i < 4 * KILLS; i++) { /* some take longer than the first */
        begin(f, format);
        killed = killed_after(f, i * step_us);
        open_checked(f);
        assert_whole(f, format);
    }
}

static void
a_kill_at_any_moment_loses_nothing(void **state)
{
    assert_kill_loses_nothing(*state, 1);
    assert_kill_loses_nothing(*state, 2);
}

/* A later release's file is named and left as it is, byte for byte. */
static void
a_newer_format_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t before_length, after_length;
    char *before, *after, *at;
    struct err err;
    int fd;

    put_new(f->queue, "u-1", "558");
    queue_close(f->queue);
    f->queue = NULL;
    before = file_content(data_path(f), &before_length);
    for (at = before; (at = memmem(at, before_length - (size_t)(at - before),
                                   STORE_FORMAT_NAME "\0\0\0\0\0\0\0\3", 14));)
        at[13] = 4;
    fd = open(data_path(f), O_WRONLY);
    assert_int_equal(write(fd, before, before_length), before_length);
    close(fd);
    assert_int_equal(salvage_check(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err), -1);
    assert_string_equal(err.code, "format");
    assert_non_null(strstr(err.text, "format 4"));
    after = file_content(data_path(f), &after_length);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, before_length);
    free(before);
    free(after);
    begin(f, 1);
    open_checked(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_of_it_is_there),        TEST(what_waits_is_delivered_in_order),
        TEST(references_are_known),      TEST(a_kill_at_any_moment_loses_nothing),
        TEST(a_newer_format_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
