/* A file that kills each process that opens it: the process that dies has told the next one to
 * check it first. */
#include "test/unit/worker/fixture.h"

#include <sys/wait.h>

#include "worker/salvage/salvage.h"
#include "worker/store/store.h"

/* LMDB 0.9 on machines of 64 bits: where a page and a meta page have what is spoilt here. */
#define PAGE_BYTES 4096
#define PAGE_LOWER 12 /* the end of the offsets of its nodes */
#define PAGE_NODES 16
#define META_ROOT 128
#define META_LAST_PAGE 136
#define META_TRANSACTION 144

static uint64_t
number_at(int fd, off_t at)
{
    uint64_t number;

    assert_int_equal(pread(fd, &number, sizeof number, at), sizeof number);
    return number;
}

/* Moves the root of all tables to the end of the file, with offsets that lead behind it. */
static void
spoil_root(const char *path)
{
    int fd = open(path, O_RDWR);
    off_t meta = number_at(fd, META_TRANSACTION) > number_at(fd, PAGE_BYTES + META_TRANSACTION)
                     ? 0
                     : PAGE_BYTES;
    uint64_t last = number_at(fd, meta + META_LAST_PAGE) + 1;
    unsigned char page[PAGE_BYTES];
    uint16_t lower;

    assert_int_equal(
        pread(fd, page, PAGE_BYTES, (off_t)number_at(fd, meta + META_ROOT) * PAGE_BYTES),
        PAGE_BYTES);
    memcpy(page, &last, sizeof last);
    memcpy(&lower, page + PAGE_LOWER, sizeof lower);
    memset(page + PAGE_NODES, 0xff, lower - PAGE_NODES);
    assert_int_equal(pwrite(fd, page, PAGE_BYTES, (off_t)last * PAGE_BYTES), PAGE_BYTES);
    assert_int_equal(pwrite(fd, &last, sizeof last, meta + META_ROOT), sizeof last);
    assert_int_equal(pwrite(fd, &last, sizeof last, meta + META_LAST_PAGE), sizeof last);
    close(fd);
}

static void
whoever_dies_in_opening_tells_the_next(void **state)
{
    struct fixture *f = *state;
    char path[80];
    struct err err;
    json_t *note;
    int status;
    pid_t pid;

    put_new(f->queue, "u-1", "558");
    queue_close(f->queue);
    f->queue = NULL;
    snprintf(path, sizeof path, "%s/data.mdb", f->folder);
    spoil_root(path);
    assert_false(store_is_suspect(f->folder));
    pid = fork();
    if (!pid) {
        close(STDERR_FILENO);    /* where a sanitizer tells what it thinks of it */
        signal(SIGBUS, SIG_DFL); /* cmocka would go on with the test */
        signal(SIGSEGV, SIG_DFL);
        store_open(f->folder, 16, &err);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_not_equal(status, 0);
    assert_true(store_is_suspect(f->folder));
    assert_int_equal(salvage_check(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err), 0);
    fixture_open(f, 16);
    note = queue_salvaged(f->queue);
    assert_non_null(note);
    json_decref(note);
    get(f->queue, "u-1");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_dies_in_opening_tells_the_next, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
