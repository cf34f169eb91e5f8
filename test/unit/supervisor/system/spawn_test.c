/* What a worker's process starts with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/system/spawn.h"

#define SIGNAL_BIT(number) (1ull << ((number)-1))

/* The shell itself reads the script by 10. */
static const char script[] = "#!/bin/sh\n"
                             "echo \"$0 $*\"\n"
                             "for fd in 0 1 2 3 4 5 6 7 8 9 11 12 13 14 15 16; do\n"
                             "    [ ! -e /proc/$$/fd/$fd ] || echo fd $fd\n"
                             "done\n"
                             "while read -r line; do echo \"$line\"; done </proc/$$/status\n";

/* The script, in a folder of its own. */
static void
write_script(char *path, size_t size)
{
    char folder[] = "/tmp/pumpline-spawn-XXXXXX";
    FILE *file;

    assert_non_null(mkdtemp(folder));
    snprintf(path, size, "%s/worker", folder);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(script, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static void
remove_script(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

/* All that the process writes to its log. */
static void
read_log(const struct spawned *spawned, char *text, size_t size)
{
    struct pollfd log = {.fd = spawned->logs_fd, .events = POLLIN};
    size_t length = 0;
    ssize_t got;

    do {
        assert_int_equal(poll(&log, 1, 60000), 1);
        got = read(spawned->logs_fd, text + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EAGAIN));
    text[length] = '\0';
}

static unsigned long long
mask(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    assert_non_null(line);
    return strtoull(line + strlen(name), NULL, 16);
}

/* Whatever this process ignores, blocks and has open. */
static void
it_starts_with_what_it_needs_alone(void **state)
{
    struct spawn_sockets sockets = {.listen_fd = open("/dev/zero", O_RDONLY), .driver_fd = -1};
    struct spawned spawned;
    char path[64], text[8192];
    sigset_t blocked;
    struct err err;

    (void)state;
    write_script(path, sizeof path);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(spawn_worker(path, &sockets, &spawned, &err), 0);
    read_log(&spawned, text, sizeof text);
    assert_int_equal(waitpid(spawned.pid, NULL, 0), spawned.pid);
    assert_non_null(strstr(text, "worker --child\nfd 0\nfd 1\nfd 2\nfd 3\nfd 4\nfd 5\nName:"));
    assert_int_equal(mask(text, "SigBlk:"), SIGNAL_BIT(SIGHUP));
    assert_int_equal(mask(text, "SigIgn:") & SIGNAL_BIT(SIGPIPE), 0);
    close(spawned.chan_fd);
    close(spawned.logs_fd);
    close(sockets.listen_fd);
    remove_script(path);
}

static void
it_says_why_it_cannot(void **state)
{
    const struct spawn_sockets sockets = {.listen_fd = -1, .driver_fd = -1};
    struct spawned spawned;
    struct err err;

    (void)state;
    assert_int_equal(spawn_worker("/nowhere/worker", &sockets, &spawned, &err), -1);
    assert_string_equal(err.text, "cannot execute /nowhere/worker: No such file or directory");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Rather than to start without a channel: there is room for its pairs, but for nothing more. */
static void
it_starts_nothing_without_descriptors(void **state)
{
    const struct spawn_sockets sockets = {.listen_fd = -1, .driver_fd = -1};
    struct rlimit before, little;
    struct spawned spawned;
    int result, lowest = dup(0);
    struct err err;

    (void)state;
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &before);
    little = (struct rlimit){(rlim_t)lowest + 4, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &little), 0);
    result = spawn_worker("/bin/true", &sockets, &spawned, &err);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(result, -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_with_what_it_needs_alone),
        cmocka_unit_test(it_says_why_it_cannot),
        cmocka_unit_test(it_starts_nothing_without_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
