/* Room on a small disk: when no further order is taken, and that the reserve can be used. */
#include "worker/store/disk_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DISK_BYTES (8 << 20)

struct pinned_path {
    char folder[64];
    char filler[80];
    bool mounted;
    struct disk_reserve reserve;
};

static int
setup(void **state)
{
    struct pinned_path *p = calloc(1, sizeof *p);

    strcpy(p->folder, "/tmp/pumpline-test-XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->filler, sizeof p->filler, "%s/filler", p->folder);
    p->mounted = mount("none", p->folder, "tmpfs", 0, "size=8m") == 0;
    disk_reserve_open(&p->reserve, p->folder);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct pinned_path *p = *state;

    disk_reserve_close(&p->reserve);
    if (p->mounted)
        umount(p->folder);
    rmdir(p->folder);
    free(p);
    return 0;
}

/* Writes until the disk is full, or so many bytes; returns how many it were. */
static size_t
fill(const char *path, size_t most)
{
    static const char block[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    size_t written = 0;

    while (written < most && write(fd, block, sizeof block) == (ssize_t)sizeof block)
        written += sizeof block;
    close(fd);
    return written;
}

static void
an_empty_disk_has_room(void **state)
{
    struct pinned_path *p = *state;
    struct stat reserve;

    if (!p->mounted)
        skip();
    assert_false(disk_reserve_low(&p->reserve));
    assert_false(disk_reserve_is_full(&p->reserve));
    assert_int_equal(stat(p->reserve.file, &reserve), 0);
    assert_int_equal(reserve.st_size, DISK_BYTES / 16);
}

static void
the_margin_comes_before_the_end(void **state)
{
    struct pinned_path *p = *state;

    if (!p->mounted)
        skip();
    assert_false(disk_reserve_low(&p->reserve));
    fill(p->filler, DISK_BYTES - DISK_BYTES / 16 - DISK_BYTES / 20 + 65536);
    assert_true(disk_reserve_low(&p->reserve));
    assert_true(fill(p->filler, 65536) > 0);
    unlink(p->filler);
    assert_false(disk_reserve_low(&p->reserve));
}

static void
the_reserve_is_room_for_a_while(void **state)
{
    struct pinned_path *p = *state;

    if (!p->mounted)
        skip();
    assert_false(disk_reserve_low(&p->reserve));
    fill(p->filler, SIZE_MAX);
    assert_true(disk_reserve_is_full(&p->reserve));
    disk_reserve_release(&p->reserve);
    assert_true(disk_reserve_low(&p->reserve));
    assert_int_equal(access(p->reserve.file, F_OK), -1);
    assert_int_equal(fill(p->filler, SIZE_MAX), DISK_BYTES / 16);
}

static void
without_a_reserve_there_is_no_room(void **state)
{
    struct pinned_path *p = *state;

    if (!p->mounted)
        skip();
    fill(p->filler, SIZE_MAX);
    assert_true(disk_reserve_low(&p->reserve));
    assert_false(p->reserve.reserved);
    unlink(p->filler);
    assert_false(disk_reserve_low(&p->reserve));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_disk_has_room),
        TEST(the_margin_comes_before_the_end),
        TEST(the_reserve_is_room_for_a_while),
        TEST(without_a_reserve_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
