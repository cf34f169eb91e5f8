/* Reading files: missing, special, huge or unreadable ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/file_read.h"
#include "common/base/secret.h"

static char folder[] = "/tmp/file_read_test.XXXXXX";

static void
refused(const char *path, size_t limit, const char *code)
{
    struct err err;
    size_t length;

    assert_null(file_read(path, limit, &length, &err));
    assert_string_equal(err.code, code);
    assert_null(strstr(err.text, path));
}

static void
reads(const char *content, size_t size, size_t limit)
{
    struct err err;
    FILE *file = fopen("file", "w");
    size_t length = 99;
    char *text;

    assert_int_equal(fwrite(content, 1, size, file), size);
    fclose(file);
    text = file_read("file", limit, &length, &err);
    assert_non_null(text);
    assert_int_equal(length, size);
    assert_memory_equal(text, content, size);
    assert_int_equal(text[size], '\0');
    secret_free(text);
    if (size)
        refused("file", size - 1, "too_large");
    unlink("file");
}

static void
a_file_is_read_whole(void **state)
{
    (void)state;
    reads("", 0, 10);
    reads("abc", 3, 3);
    reads("a\0c", 3, 100);
}

static void
special_files_do_not_block(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(symlink("fifo", "link"), 0);
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    refused("fifo", 10, "no_regular_file");
    refused("link", 10, "no_regular_file");
    refused("folder", 10, "no_regular_file");
    refused("/dev/zero", 10, "no_regular_file");
    refused("socket", 10, "unreadable");
    refused("nothing", 10, "no_file");
    close(fd);
    unlink("fifo");
    unlink("link");
    unlink("socket");
    rmdir("folder");
}

/* Files under /proc report size 0. */
static void
a_file_larger_than_its_size_is_refused(void **state)
{
    (void)state;
    refused("/proc/self/status", 1 << 20, "too_large");
}

static int
enter(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int
leave(void **state)
{
    (void)state;
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(special_files_do_not_block),
        cmocka_unit_test(a_file_larger_than_its_size_is_refused),
    };

    secret_start();
    return cmocka_run_group_tests(tests, enter, leave);
}
