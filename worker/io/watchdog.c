/* A pipe without data, until its other end is closed. */
#include "worker/io/watchdog.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/ipc/browser_kill.h"

/* A browser that was requested just before may still be starting. */
static void
kill_patiently(const char *mark)
{
    const struct timespec pause = {.tv_nsec = BROWSER_KILL_PAUSE_MS * 1000000L};

    for (int waited_ms = 0; !browser_kill_marked(mark) && waited_ms < BROWSER_APPEARS_MS;
         waited_ms += BROWSER_KILL_PAUSE_MS)
        nanosleep(&pause, NULL);
}

/* In a session of its own, so that it gets no signals from the terminal, and without the inherited
 * output, so that its reader sees its end. */
static void
watch(int fd, const char *mark)
{
    int null = open("/dev/null", O_RDWR);
    char byte;

    setsid();
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        dup2(null, i);
    if (dup2(fd, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, ~0u, 0))
        _exit(1);
    if (read(STDERR_FILENO + 1, &byte, 1) == 0)
        kill_patiently(mark);
    _exit(0);
}

int
watchdog_start(const char *mark)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC))
        return -1;
    pid = fork();
    if (pid == 0) {
        close(ends[1]);
        watch(ends[0], mark);
    }
    close(ends[0]);
    if (pid > 0)
        return ends[1];
    close(ends[1]);
    return -1;
}

void
watchdog_dismiss(int watchdog)
{
    if (watchdog < 0)
        return;
    if (write(watchdog, "", 1) == 1)
        close(watchdog);
}
