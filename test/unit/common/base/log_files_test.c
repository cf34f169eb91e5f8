/* Opening the log files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>

#include "common/base/log_files.h"

static char folder[64], api_path[128], line_path[128];

static int
setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/log_files_test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(api_path, sizeof api_path, "%s/bennys_api.log", folder);
    snprintf(line_path, sizeof line_path, "%s/bennys_create_orderline.log", folder);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    unlink(api_path);
    unlink(line_path);
    return rmdir(folder);
}

static ino_t
inode_of(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static ino_t
inode_at(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static int
open_descriptors(void)
{
    DIR *all = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

static void
both_are_opened(void **state)
{
    struct log_files files = log_files_open(folder, "bennys", "Bennys");
    int before = open_descriptors();

    (void)state;
    assert_int_equal(inode_of(files.fds[LOG_API]), inode_at(api_path));
    assert_int_equal(inode_of(files.fds[LOG_ORDERLINE]), inode_at(line_path));
    assert_int_equal(files.fds[LOG_NO_FILE], -1);
    assert_true(fcntl(files.fds[LOG_API], F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(files.fds[LOG_API], F_GETFL) & O_APPEND);
    log_files_close(&files);
    assert_int_equal(open_descriptors(), before - 2);
    log_files_close(&files);
}

/* If one file cannot be opened, its slot stays empty and the other keeps its own. */
static void
one_file_is_not_taken_for_the_other(void **state)
{
    struct log_files files;

    (void)state;
    assert_int_equal(symlink("/nonexistent", api_path), 0);
    files = log_files_open(folder, "bennys", "Bennys");
    assert_int_equal(files.fds[LOG_API], -1);
    assert_int_equal(inode_of(files.fds[LOG_ORDERLINE]), inode_at(line_path));
    log_files_close(&files);
}

static void
none_where_none_can_be_opened(void **state)
{
    struct log_files files = log_files_open("/nonexistent/folder", "bennys", "Bennys");

    (void)state;
    assert_int_equal(files.fds[LOG_API], -1);
    assert_int_equal(files.fds[LOG_ORDERLINE], -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(both_are_opened),
                                       TEST(one_file_is_not_taken_for_the_other),
                                       TEST(none_where_none_can_be_opened)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
