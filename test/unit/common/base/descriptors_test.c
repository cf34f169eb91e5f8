/* Reading and writing in full over a pipe, where single calls are partial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/descriptors.h"

#define BYTES (1u << 20) /* more than a pipe holds */

static void
test_in_parts(void **state)
{
    char *bytes = malloc(BYTES), *back = malloc(BYTES + 1);
    int ends[2], status;
    pid_t pid;

    (void)state;
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)(i * 31 >> 3);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        _exit(descriptors_write(ends[1], bytes, BYTES) ? 1 : 0);
    close(ends[1]);
    assert_int_equal(descriptors_read(ends[0], back, 1000), 1000);
    assert_int_equal(descriptors_read(ends[0], back + 1000, BYTES), BYTES - 1000);
    assert_memory_equal(back, bytes, BYTES);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
    free(bytes);
    free(back);
}

static void
test_errors(void **state)
{
    char byte;

    (void)state;
    assert_int_equal(descriptors_read(-1, &byte, 1), -1);
    assert_int_equal(descriptors_write(-1, "x", 1), -1);
    assert_int_equal(descriptors_read(-1, &byte, 0), 0);
    assert_int_equal(descriptors_write(-1, "", 0), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_parts),
                                              cmocka_unit_test(test_errors)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
