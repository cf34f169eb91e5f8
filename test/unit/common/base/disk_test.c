/* Atomic replacement of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/disk.h"

static char folder[] = "/tmp/disk-test-XXXXXX";
static char *path;

static int
make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    path = mem_format("%s/one.json", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    unlink(path);
    free(path);
    return rmdir(folder);
}

static void
holds(const char *expected)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) >= 0);
    close(fd);
    assert_string_equal(text, expected);
}

static int
count_files(void)
{
    DIR *directory = opendir(folder);
    int count = -2; /* do not count "." and ".." */

    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void
touch(const char *name)
{
    char *file = mem_format("%s/%s", folder, name);
    int fd = open(file, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    close(fd);
    free(file);
}

static void
a_file_is_replaced(void **state)
{
    struct stat file;
    struct err err;

    (void)state;
    assert_int_equal(disk_replace(path, "first", 5, &err), 0);
    holds("first");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(disk_replace(path, "2", 1, &err), 0);
    holds("2");
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(count_files(), 1);
}

static void
a_failed_write_keeps_the_old_file(void **state)
{
    const struct rlimit small = {3, RLIM_INFINITY};
    struct rlimit before;
    struct err err;

    (void)state;
    assert_int_equal(disk_replace(path, "old", 3, &err), 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &small);
    assert_int_equal(disk_replace(path, "longer", 6, &err), -1);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_string_equal(err.code, "storage");
    holds("old");
    assert_int_equal(count_files(), 1);
    assert_int_equal(disk_replace("/nowhere/at/all", "x", 1, &err), -1);
}

static void
only_leftovers_are_removed(void **state)
{
    static const char *const others[] = {".one.json.swp", ".one.json.new-12345", ".x.new-1234567",
                                         "one.json.new-123456"};
    struct err err;

    (void)state;
    assert_int_equal(disk_replace(path, "x", 1, &err), 0);
    touch(".one.json.new-a1B2c3");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        touch(others[i]);
    disk_remove_asides(folder);
    assert_int_equal(count_files(), 5);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char *file = mem_format("%s/%s", folder, others[i]);

        assert_int_equal(unlink(file), 0);
        free(file);
    }
    disk_remove_asides("/nowhere/at/all");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_replaced),
        cmocka_unit_test(a_failed_write_keeps_the_old_file),
        cmocka_unit_test(only_leftovers_are_removed),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
