/* Starts a worker (posix_spawn) and short-lived helpers (fork). */
#include "supervisor/system/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/failpoint.h"
#include "common/ipc/chan.h"

#define WORKER_PROGRAM "pumpline-worker"
#define LIBEXEC_DIR "/../lib/pumpline"
#define NOBODY 65534    /* owns nothing, on every system */
#define FD_ABOVE_ALL 10 /* above the numbers to be assigned */

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
    return err_set(err, "no_worker", "cannot find %s: it is neither in %s nor in %s%s",
                   WORKER_PROGRAM, own, own, LIBEXEC_DIR);
}

/* A worker gets its settings on its channel: only libraries read the inherited variables. */
static void
small_environment(char **environment, size_t capacity)
{
    static const char *const kept[] = {"PATH",         "LANG",          "TZ",
                                       "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof kept / sizeof *kept && count + 1 < capacity; i++) {
        const char *value = getenv(kept[i]);

        if (value)
            environment[count++] = mem_format("%s=%s", kept[i], value);
    }
    environment[count] = NULL;
}

/* From here to exec only async-signal-safe functions. */
static void
reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigemptyset(&action.sa_mask);
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    action.sa_handler = SIG_IGN; /* logs may be rotated meanwhile */
    sigaction(SIGHUP, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the order of their numbers in the new process, from 1 on. */
enum { OUTPUT, ERRORS, CHAN, LISTEN, DRIVER, GIVEN };

_Static_assert(CHAN_FD == STDOUT_FILENO + CHAN && CHAN_LISTEN_FD == STDOUT_FILENO + LISTEN &&
                   CHAN_DRIVER_FD == STDOUT_FILENO + DRIVER &&
                   STDERR_FILENO == STDOUT_FILENO + ERRORS,
               "the numbers follow each other");

/* Above the numbers that they get in the new process, so that none is overwritten before its turn.
 * Returns 0 or an errno. */
static int
lift(const int given[GIVEN], int above[GIVEN])
{
    int error = 0;

    for (int i = 0; i < GIVEN; i++) {
        above[i] = given[i] < 0 ? -1 : fcntl(given[i], F_DUPFD_CLOEXEC, FD_ABOVE_ALL);
        if (given[i] >= 0 && above[i] < 0)
            error = errno;
    }
    return error;
}

static void
place_descriptors(posix_spawn_file_actions_t *actions, const int above[GIVEN])
{
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);

    for (int i = 0; i < GIVEN && !error; i++)
        error = posix_spawn_file_actions_adddup2(actions, above[i] < 0 ? STDIN_FILENO : above[i],
                                                 STDOUT_FILENO + i);
    if (error || posix_spawn_file_actions_addclosefrom_np(actions, STDOUT_FILENO + GIVEN))
        die_abort("out of memory for a process");
}

/* Logs may be rotated before the worker handles SIGHUP: it waits until then. */
static void
reset_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, hangup;

    sigfillset(&all);
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &hangup);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

/* Unlike fork, this copies nothing of a supervisor with a thousand workshops. */
static int
start_worker(const char *path, const int above[GIVEN], char *const environment[], pid_t *pid)
{
    static char program[] = WORKER_PROGRAM, mode[] = "--child";
    char *const arguments[] = {program, mode, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    place_descriptors(&actions, above);
    reset_attributes(&attributes);
    error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* 0, or -1 with errno. */
static int
start_lifted(const char *path, const int given[GIVEN], pid_t *pid)
{
    char *environment[8];
    int above[GIVEN], error;

    small_environment(environment, sizeof environment / sizeof *environment);
    error = lift(given, above);
    if (!error)
        error = start_worker(path, above, environment, pid);
    for (int i = 0; i < GIVEN; i++)
        if (above[i] >= 0)
            close(above[i]);
    for (char **entry = environment; *entry; entry++)
        free(*entry);
    errno = error;
    return error ? -1 : 0;
}

/* A signal between fork and reset_signals would reach the parent's event loop by the shared
 * descriptors: signals are blocked. */
static pid_t
fork_unsignalled(void)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static int
open_pairs(int chan[2], int logs[2])
{
    if (failpoint("spawn.channel") || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, chan))
        return -1;
    if (pipe2(logs, O_CLOEXEC | O_NONBLOCK) == 0)
        return 0;
    close(chan[0]);
    close(chan[1]);
    return -1;
}

int
spawn_worker(const char *path, const struct spawn_sockets *sockets, struct spawned *spawned,
             struct err *err)
{
    int chan[2], logs[2], result;

    if (open_pairs(chan, logs))
        return err_errno(err, "spawn_failed", "cannot create a channel for the process");
    *spawned = (struct spawned){.chan_fd = chan[0], .logs_fd = logs[0]};
    result = start_lifted(
        path, (const int[]){logs[1], logs[1], chan[1], sockets->listen_fd, sockets->driver_fd},
        &spawned->pid);
    if (result)
        err_set(err, "spawn_failed", "cannot execute %s: %s", path, strerror(errno));
    close(chan[1]);
    close(logs[1]);
    if (result == 0)
        return 0;
    close(chan[0]);
    close(logs[0]);
    return -1;
}

static void
become_helper(int fd, void (*run)(int fd, const char *argument), const char *argument)
{
    reset_signals();
    alarm(SPAWN_HELPER_S);
    if (dup2(fd, CHAN_FD) == CHAN_FD && close_range(CHAN_FD + 1, ~0u, 0) == 0)
        run(CHAN_FD, argument);
    _exit(0);
}

int
spawn_helper(void (*run)(int fd, const char *argument), const char *argument, struct err *err)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return err_errno(err, "spawn_failed", "cannot create a pipe for a process");
    pid = fork_unsignalled();
    if (pid == 0)
        become_helper(ends[1], run, argument);
    if (pid < 0)
        err_errno(err, "spawn_failed", "cannot fork");
    close(ends[1]);
    if (pid > 0)
        return ends[0];
    close(ends[0]);
    return -1;
}

/* argument: the verb, a space, and the unit. */
static void
become_systemctl(int fd, const char *argument)
{
    static char program[] = "systemctl", no_block[] = "--no-block", quiet[] = "--quiet";
    size_t length = strcspn(argument, " ");
    char *verb = mem_format("%.*s", (int)length, argument);
    char *unit = mem_string(argument + length + 1);
    char *const arguments[] = {program, no_block, quiet, verb, unit, NULL};
    char *const environment[] = {mem_format("PATH=%s", getenv("PATH") ?: "/usr/bin:/bin"), NULL};
    int null = open("/dev/null", O_RDWR);

    alarm(SPAWN_SYSTEMCTL_S);
    if (null >= 0 && dup2(null, STDIN_FILENO) == 0 && dup2(null, STDOUT_FILENO) > 0 &&
        dup2(fd, STDERR_FILENO) > 0)
        execvpe(program, arguments, environment);
    (void)!write(fd, "cannot execute systemctl", strlen("cannot execute systemctl"));
}

int
spawn_systemctl(const char *verb, const char *unit, struct err *err)
{
    char *argument = mem_format("%s %s", verb, unit);
    int fd = spawn_helper(become_systemctl, argument, err);

    free(argument);
    return fd;
}

/* The program is already open: the folders above it may be inaccessible to that user. */
static void
become_lookup(int program, int to, const char *name)
{
    static char arguments[][16] = {WORKER_PROGRAM, "--resolve"};
    char *const argv[] = {arguments[0], arguments[1], (char *)name, NULL};
    static char path[] = "PATH=/usr/bin:/bin";
    char *const environment[] = {path, NULL};
    int null = open("/dev/null", O_RDWR);

    reset_signals();
    alarm(SPAWN_LOOKUP_S);
    if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
                           setresuid(NOBODY, NOBODY, NOBODY)))
        _exit(SPAWN_EXEC_FAILED);
    if (null >= 0 && dup2(null, STDIN_FILENO) == 0 && dup2(to, STDOUT_FILENO) > 0 &&
        dup2(null, STDERR_FILENO) > 0 && dup2(program, CHAN_FD) == CHAN_FD &&
        close_range(CHAN_FD + 1, ~0u, 0) == 0 && fcntl(CHAN_FD, F_SETFD, FD_CLOEXEC) == 0)
        execveat(CHAN_FD, "", argv, environment, AT_EMPTY_PATH);
    _exit(SPAWN_EXEC_FAILED);
}

int
spawn_lookup(const char *path, const char *name, struct err *err)
{
    int program = open(path, O_PATH | O_CLOEXEC), ends[2];
    pid_t pid = -1;

    if (program < 0)
        return err_errno(err, "spawn_failed", "%s", path);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
        err_errno(err, "spawn_failed", "cannot create a pipe for a process");
        close(program);
        return -1;
    }
    pid = fork_unsignalled();
    if (pid == 0)
        become_lookup(program, ends[1], name);
    if (pid < 0)
        err_errno(err, "spawn_failed", "cannot fork");
    close(program);
    close(ends[1]);
    if (pid > 0)
        return ends[0];
    close(ends[0]);
    return -1;
}
