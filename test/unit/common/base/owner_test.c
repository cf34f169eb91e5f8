/* Acting as a file's owner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>

#include "common/base/owner.h"
#include "test/unit/bare_root.h"

#define UID 54321

struct pinned_path {
    char top[64], closed[80], theirs[96], link[80]; /* theirs: a folder in closed */
};

static void
expect_mode(const char *path, mode_t mode)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
}

static bool
may_list(void *arg)
{
    const struct pinned_path *p = arg;
    struct stat status;
    int fd = owner_open_folder(p->theirs, &status);

    return open(p->theirs, O_RDONLY) < 0 && errno == EACCES && fd >= 0 && status.st_uid == UID &&
           setfsuid(0) == 0;
}

static void
test_a_folder_that_is_anothers_alone(void **state)
{
    struct pinned_path *p = *state;

    if (geteuid())
        skip(); /* only root can change its user */
    assert_true(as_bare_root(may_list, p));
}

static bool
may_change_mode(void *arg)
{
    const struct pinned_path *p = arg;

    return chmod(p->theirs, 0700) && errno == EPERM &&
           owner_change_mode(p->theirs, 0722, 0070) == 0 && setfsuid(0) == 0;
}

static void
test_a_mode_without_permissions(void **state)
{
    struct pinned_path *p = *state;

    if (geteuid())
        skip();
    assert_int_equal(chmod(p->theirs, 0011), 0);
    assert_true(as_bare_root(may_change_mode, p));
    expect_mode(p->theirs, 0703);
}

static void
test_no_link_is_followed(void **state)
{
    struct pinned_path *p = *state;
    struct stat status;

    assert_int_equal(symlink(p->theirs, p->link), 0);
    assert_int_equal(owner_open_folder(p->link, &status), -1);
    assert_int_equal(owner_change_mode(p->link, 0, 0777), -1);
    expect_mode(p->theirs, 0700);
}

static void
test_missing_files(void **state)
{
    struct pinned_path *p = *state;
    struct stat status;

    assert_int_equal(owner_open_folder(p->link, &status), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(owner_change_mode(p->link, 0, 0), -1);
    assert_int_equal(errno, ENOENT);
}

static void
refuse(const struct pinned_path *p, int folder, const char *name)
{
    struct stat status;

    assert_int_equal(stat(p->theirs, &status), 0);
    assert_int_equal(owner_open_lone(status.st_uid, folder, name), -1);
}

static void
test_a_lone_file_alone(void **state)
{
    struct pinned_path *p = *state;
    struct stat status;
    int folder = open(p->theirs, O_RDONLY | O_DIRECTORY), fd;

    assert_int_equal(stat(p->theirs, &status), 0);
    fd = openat(folder, "file", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(fchown(fd, status.st_uid, status.st_gid), 0);
    close(fd);
    fd = owner_open_lone(status.st_uid, folder, "file");
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(owner_open_lone(status.st_uid + 1, folder, "file"), -1);
    refuse(p, folder, "../theirs/file");
    refuse(p, folder, "/etc/hostname");
    refuse(p, folder, ".");
    assert_int_equal(symlinkat("file", folder, "soft"), 0);
    refuse(p, folder, "soft");
    assert_int_equal(mkfifoat(folder, "pipe", 0600), 0);
    refuse(p, folder, "pipe");
    assert_int_equal(linkat(folder, "file", folder, "hard", 0), 0);
    refuse(p, folder, "hard");
    refuse(p, folder, "file");
    for (size_t i = 0; i < 4; i++)
        unlinkat(folder, (const char *[]){"file", "soft", "pipe", "hard"}[i], 0);
    close(folder);
}

static int
set_up(void **state)
{
    struct pinned_path *p = calloc(1, sizeof *p);

    snprintf(p->top, sizeof p->top, "/tmp/pumpline-owner-XXXXXX");
    assert_non_null(mkdtemp(p->top));
    snprintf(p->closed, sizeof p->closed, "%s/closed", p->top);
    snprintf(p->theirs, sizeof p->theirs, "%s/theirs", p->closed);
    snprintf(p->link, sizeof p->link, "%s/link", p->top);
    assert_int_equal(mkdir(p->closed, 0700), 0);
    assert_int_equal(mkdir(p->theirs, 0700), 0);
    if (!geteuid())
        assert_int_equal(chown(p->theirs, UID, UID), 0);
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    struct pinned_path *p = *state;

    unlink(p->link);
    rmdir(p->theirs);
    rmdir(p->closed);
    rmdir(p->top);
    free(p);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_folder_that_is_anothers_alone), TEST(test_a_mode_without_permissions),
        TEST(test_no_link_is_followed), TEST(test_missing_files), TEST(test_a_lone_file_alone)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
