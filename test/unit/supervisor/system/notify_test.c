/* Messages to a manager that is busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/system/notify.h"

static char folder[] = "/tmp/pumpline-notify-XXXXXX";

static int
manager(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    return fd;
}

/* 'S' once it waits, 'Z' if it did not. */
static char
state_of(pid_t pid)
{
    char path[64], state = '?';
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    fclose(file);
    return state;
}

static void
it_has_the_message_a_moment_later(void **state)
{
    int fd = manager();
    char text[64] = "";
    pid_t pid;

    (void)state;
    for (int i = 0; i < 1000; i++)
        notify_alive(); /* more than a queue takes; returns in any case */
    pid = fork();
    if (pid == 0) {
        notify_send("STOPPING=1");
        _exit(0);
    }
    while (!strchr("SZ", state_of(pid)))
        ;
    while (recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0 && strcmp(text, "STOPPING=1"))
        ;
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    while (strcmp(text, "STOPPING=1") && recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0)
        ;
    assert_string_equal(text, "STOPPING=1");
    close(fd);
    unlink(getenv("NOTIFY_SOCKET"));
    rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_has_the_message_a_moment_later)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
