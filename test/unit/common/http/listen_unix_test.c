/* Unix sockets: what may be at the path. */
#include "common/http/listen_unix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/pumpline-listen-XXXXXX";

static void
a_leftover_is_replaced_and_a_socket_in_use_refused(void **state)
{
    char *path = mem_format("%s/socket", folder);
    struct err err;
    struct stat status;
    int first, second;

    (void)state;
    close(listen_unix(path, 0600, &err));
    first = listen_unix(path, 0666, &err);
    assert_true(first >= 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0666);
    second = listen_unix(path, 0666, &err);
    assert_int_equal(second, -1);
    assert_string_equal(err.code, "socket_in_use");
    close(first);
    unlink(path);
    free(path);
}

static void
what_is_refused(void **state)
{
    char *file = mem_format("%s/file", folder), *missing = mem_format("%s/none/socket", folder);
    char *path = mem_format("%s/%0200d", folder, 1);
    struct err err;

    (void)state;
    assert_int_equal(mkdir(file, 0700), 0);
    assert_int_equal(listen_unix(file, 0600, &err), -1);
    assert_non_null(strstr(err.text, "is not a socket"));
    assert_int_equal(listen_unix(missing, 0600, &err), -1);
    assert_non_null(strstr(err.text, "cannot listen on"));
    assert_int_equal(listen_unix(path, 0600, &err), -1);
    assert_non_null(strstr(err.text, "longer than"));
    rmdir(file);
    free(file);
    free(missing);
    free(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leftover_is_replaced_and_a_socket_in_use_refused),
        cmocka_unit_test(what_is_refused)};
    int failed;

    if (!mkdtemp(folder))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
