/* What a process leaves that was killed while it made a new queue: nothing, or a new queue. */
#include "test/unit/worker/fixture.h"

#include <dirent.h>

#include "worker/salvage/salvage.h"

/* A folder in which no queue has been. */
static void
begin_anew(struct fixture *f)
{
    queue_close(f->queue);
    f->queue = NULL;
    folder_remove(f->folder);
    assert_int_equal(mkdir(f->folder, 0700), 0);
}

static void
put_file(const struct fixture *f, const char *name, const void *bytes, size_t length)
{
    char path[128];
    int fd;

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

static bool
has_file(const struct fixture *f, const char *beginning)
{
    DIR *folder = opendir(f->folder);
    struct dirent *entry;
    bool found = false;

    while ((entry = readdir(folder)))
        found = found || strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
    closedir(folder);
    return found;
}

/* As the worker opens it. */
static void
open_checked(struct fixture *f)
{
    struct err err;

    assert_int_equal(salvage_check(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err), 0);
    fixture_open(f, 16);
}

static void
assert_new(struct fixture *f)
{
    assert_int_equal(queue_count(f->queue, 0), 0);
    assert_null(queue_salvaged(f->queue));
    assert_false(has_file(f, "damaged-"));
    assert_false(has_file(f, "data.new"));
    put_new(f->queue, "u-1", "558");
    fixture_reopen(f, 16);
    get(f->queue, "u-1");
}

static void
half_a_file_is_a_new_queue(void **state)
{
    static const size_t lengths[] = {0, 1, 16, 152, 4095, 4096, 4200};
    struct fixture *f = *state;
    size_t length;
    char *whole = file_content(data_path(f), &length);

    assert_true(length >= 8192);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        begin_anew(f);
        put_file(f, "data.mdb", whole, lengths[i]);
        open_checked(f);
        assert_new(f);
    }
    memset(whole, 0, 8192); /* its length was on disk, its content was not */
    begin_anew(f);
    put_file(f, "data.mdb", whole, 8192);
    open_checked(f);
    assert_new(f);
    free(whole);
}

static void
half_a_file_of_a_queue_that_lived_is_damage(void **state)
{
    struct fixture *f = *state;
    json_t *note;

    put_new(f->queue, "u-1", "558");
    queue_close(f->queue);
    f->queue = NULL;
    assert_int_equal(truncate(data_path(f), 0), 0);
    open_checked(f);
    note = queue_salvaged(f->queue);
    assert_non_null(note);
    json_decref(note);
    assert_true(has_file(f, "damaged-"));
}

static void
what_was_begun_under_the_other_name_is_begun_again(void **state)
{
    struct fixture *f = *state;

    begin_anew(f);
    put_file(f, "data.new", "half", 4);
    open_checked(f);
    assert_new(f);
}

static void
other_half_made_files_are_made_again(void **state)
{
    static const char *const names[] = {"lock.mdb", "reserve", "worker.lock", "salvage.records"};
    struct fixture *f = *state;

    for (size_t i = 0; i < 2 * (sizeof names / sizeof *names); i++) {
        begin_anew(f);
        put_file(f, names[i / 2], "x", i % 2);
        open_checked(f);
        assert_int_equal(queue_count(f->queue, 0), 0);
        put_new(f->queue, "u-1", "558");
        queue_close(f->queue);
        put_file(f, names[i / 2], "x", i % 2);
        open_checked(f);
        put_new(f->queue, "u-2", "558");
        get(f->queue, "u-1");
        assert_null(queue_salvaged(f->queue));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(half_a_file_is_a_new_queue),
        TEST(half_a_file_of_a_queue_that_lived_is_damage),
        TEST(what_was_begun_under_the_other_name_is_begun_again),
        TEST(other_half_made_files_are_made_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
