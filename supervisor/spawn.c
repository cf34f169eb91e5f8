/* fork and exec of a worker. */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/chan.h"
#include "common/fault.h"

#define WORKER_PROGRAM "pumpline-worker"
#define LIBEXEC_DIR "/../lib/pumpline"
#define FD_ABOVE_ALL 10 /* out of the way of the numbers to be given */

int
spawn_worker_path(char *path, size_t size, struct err *err)
{
    static const char *const folders[] = {"", LIBEXEC_DIR};
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);

    if (length < 0)
        return err_errno(err, "no_worker", "/proc/self/exe");
    own[length] = '\0';
    *strrchr(own, '/') = '\0';
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        int written = snprintf(path, size, "%s%s/" WORKER_PROGRAM, own, folders[i]);

        if (written > 0 && (size_t)written < size && access(path, X_OK) == 0)
            return 0;
    }
    return err_set(err, "no_worker", "%s is neither in %s nor in %s%s", WORKER_PROGRAM, own, own,
                   LIBEXEC_DIR);
}

/* A worker is told everything on its channel: what it inherits is what libraries read. The log
 * needs JOURNAL_STREAM to know that stderr is the journal. */
static void
small_environment(char **environment, size_t room)
{
    static const char *const kept[] = {
        "PATH", "LANG", "TZ", "JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof kept / sizeof *kept && count + 1 < room; i++) {
        const char *value = getenv(kept[i]);

        if (value)
            environment[count++] = mem_format("%s=%s", kept[i], value);
    }
    environment[count] = NULL;
}

/* From here to exec only what is async-signal-safe. */
static void
reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigemptyset(&action.sa_mask);
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    /* Logs may be rotated before the worker listens for it. */
    action.sa_handler = SIG_IGN;
    sigaction(SIGHUP, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
place_descriptors(int chan_fd, int listen_fd)
{
    int chan = fcntl(chan_fd, F_DUPFD, FD_ABOVE_ALL), listener;
    int null = open("/dev/null", O_RDWR);

    listener = fcntl(listen_fd < 0 ? null : listen_fd, F_DUPFD, FD_ABOVE_ALL);
    if (chan < 0 || listener < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(chan, CHAN_FD) < 0 || dup2(listener, CHAN_LISTEN_FD) < 0)
        return -1;
    return close_range(CHAN_LISTEN_FD + 1, ~0u, 0);
}

static void
become_worker(const char *path, int chan_fd, int listen_fd, char *const environment[])
{
    static char program[] = WORKER_PROGRAM, mode[] = "--child";
    char *const arguments[] = {program, mode, NULL};

    reset_signals();
    if (place_descriptors(chan_fd, listen_fd) == 0)
        execve(path, arguments, environment);
    _exit(SPAWN_EXEC_FAILED);
}

/* A signal between fork and exec would reach our event loop by the shared descriptors: none comes.
 */
static pid_t
fork_worker(const char *path, int chan_fd, int listen_fd)
{
    char *environment[8];
    sigset_t all, before;
    pid_t pid;

    small_environment(environment, sizeof environment / sizeof *environment);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        become_worker(path, chan_fd, listen_fd, environment);
    sigprocmask(SIG_SETMASK, &before, NULL);
    for (char **entry = environment; *entry; entry++)
        free(*entry);
    return pid;
}

int
spawn_worker(const char *path, int listen_fd, struct spawned *spawned, struct err *err)
{
    int pair[2];

    if (fault_point("spawn.channel") || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return err_errno(err, "spawn_failed", "no channel for the process");
    *spawned = (struct spawned){fork_worker(path, pair[1], listen_fd), pair[0]};
    if (spawned->pid < 0)
        err_errno(err, "spawn_failed", "no process");
    close(pair[1]);
    if (spawned->pid < 0)
        close(pair[0]);
    return spawned->pid < 0 ? -1 : 0;
}
