/* Processes, privileges, memory. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "test/hostile/attempts.h"

#define HARMLESS SIGCONT /* if the process is not stopped */

/* --- other programs and processes --- */

static int
execute(const json_t *plan)
{
    static char name[] = "true";
    char *const arguments[] = {name, NULL}, *const environment[] = {NULL};

    (void)plan;
    return attempt_result(execve("/bin/true", arguments, environment));
}

static int
execute_by_descriptor(const json_t *plan)
{
    static char name[] = "true";
    char *const arguments[] = {name, NULL}, *const environment[] = {NULL};
    int fd = open("/bin/true", O_PATH | O_CLOEXEC);

    (void)plan;
    return attempt_result(syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH));
}

static int
make_process(const json_t *plan)
{
    pid_t pid = fork();

    (void)plan;
    if (pid == 0)
        _exit(0);
    return attempt_result(pid);
}

static int
trace(int pid)
{
    return attempt_result(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
}

static int
read_memory(int pid)
{
    char room[16];
    struct iovec here = {room, sizeof room}, there = {room, sizeof room};

    /* Needs no valid arguments: EFAULT comes after the permission check. */
    return process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && errno != EFAULT ? errno : 0;
}

static int
signal_by_descriptor(int pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return attempt_result(fd < 0 ? fd : syscall(SYS_pidfd_send_signal, fd, HARMLESS, NULL, 0));
}

static int
signal_queued(int pid)
{
    siginfo_t info = {.si_code = SI_QUEUE, .si_pid = getpid(), .si_uid = getuid()};

    return attempt_result(syscall(SYS_rt_sigqueueinfo, pid, HARMLESS, &info));
}

/* A descriptor's owner can be sent any signal. */
static int
signal_by_owner(int pid)
{
    int pair[2];

    if (pipe(pair))
        return errno;
    return attempt_result(fcntl(pair[0], F_SETOWN, pid) ?: fcntl(pair[0], F_SETSIG, HARMLESS));
}

static int
signal_thread(int pid)
{
    return attempt_result(syscall(SYS_tgkill, pid, pid, HARMLESS));
}

static int
signal_plainly(int pid)
{
    return attempt_result(kill(pid, HARMLESS));
}

static int
limit_other(int pid)
{
    struct rlimit now;

    return attempt_result(prlimit(pid, RLIMIT_NOFILE, NULL, &now));
}

#define AIMS(function, name, member)                                                               \
    static int name(const json_t *plan)                                                            \
    {                                                                                              \
        return function(plan_number(plan, member));                                                \
    }

AIMS(trace, trace_sibling, "sibling_pid")
AIMS(trace, trace_supervisor, "supervisor_pid")
AIMS(trace, trace_bystander, "bystander_pid")
AIMS(read_memory, read_memory_of_sibling, "sibling_pid")
AIMS(read_memory, read_memory_of_bystander, "bystander_pid")
AIMS(signal_plainly, signal_sibling, "sibling_pid")
AIMS(signal_plainly, signal_supervisor, "supervisor_pid")
AIMS(signal_plainly, signal_bystander, "bystander_pid")
AIMS(signal_thread, signal_sibling_thread, "sibling_pid")
AIMS(signal_by_descriptor, signal_sibling_by_descriptor, "sibling_pid")
AIMS(signal_queued, signal_sibling_queued, "sibling_pid")
AIMS(signal_by_owner, signal_sibling_by_owner, "sibling_pid")
AIMS(limit_other, limit_sibling, "sibling_pid")

/* Raised: lowering is always allowed. */
static int
slow_down_sibling(const json_t *plan)
{
    return attempt_result(setpriority(PRIO_PROCESS, (id_t)plan_number(plan, "sibling_pid"),
                                      plan_number(plan, "niceness") + 1));
}

static int
signal_group(const json_t *plan)
{
    (void)plan;
    return attempt_result(kill(0, HARMLESS));
}

/* --- privileges --- */

static int
become_root(const json_t *plan)
{
    (void)plan;
    return attempt_result(setresuid(0, 0, 0));
}

static int
become_sibling(const json_t *plan)
{
    uid_t uid = (uid_t)plan_number(plan, "sibling_uid");

    return attempt_result(setresuid(uid, uid, uid));
}

static int
become_root_group(const json_t *plan)
{
    (void)plan;
    return attempt_result(setresgid(0, 0, 0));
}

static int
join_groups(const json_t *plan)
{
    const gid_t root = 0;

    (void)plan;
    return attempt_result(setgroups(1, &root));
}

static int
gain_capability(const json_t *plan)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    (void)plan;
    data[0].permitted = data[0].effective = 1u << CAP_DAC_OVERRIDE;
    return attempt_result(syscall(SYS_capset, &header, data));
}

static int
new_user_namespace(const json_t *plan)
{
    (void)plan;
    return attempt_result(unshare(CLONE_NEWUSER));
}

static int
new_namespace_by_clone(const json_t *plan)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);

    (void)plan;
    if (pid == 0)
        _exit(0);
    return attempt_result(pid);
}

static int
outlive_parent(const json_t *plan)
{
    (void)plan;
    return attempt_result(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
}

static int
show_memory(const json_t *plan)
{
    (void)plan;
    return attempt_result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
raise_limit(const json_t *plan)
{
    const struct rlimit one = {64, 64};

    (void)plan;
    return attempt_result(setrlimit(RLIMIT_CORE, &one));
}

static int
add_kernel_key(const json_t *plan)
{
    (void)plan;
    return attempt_result(syscall(SYS_add_key, "user", "pumpline", "x", (size_t)1, -3));
}

/* --- code and kernel --- */

static int
map_code(const json_t *plan)
{
    void *room =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)plan;
    return room == MAP_FAILED ? errno : 0;
}

static int
make_code(const json_t *plan)
{
    void *room = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)plan;
    return room == MAP_FAILED ? errno : attempt_result(mprotect(room, 4096, PROT_READ | PROT_EXEC));
}

/* A file of its own, which it could write to afterwards. */
static int
map_file(const json_t *plan)
{
    char path[4096];
    void *room;
    int fd;

    snprintf(path, sizeof path, "%s/code", plan_text(plan, "own_folder"));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "\xc3", 1) != 1)
        return errno;
    room = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    return room == MAP_FAILED ? errno : 0;
}

static int
hidden_file(const json_t *plan)
{
    (void)plan;
    return attempt_result(memfd_create("hostile", 0));
}

static int
io_uring(const json_t *plan)
{
    char parameters[120] = {0};

    (void)plan;
    return attempt_result(syscall(SYS_io_uring_setup, 1, parameters));
}

static int
type_into_terminal(const json_t *plan)
{
    char byte = 'x';

    (void)plan;
    /* Not on a terminal: the filter refuses before the kernel checks that. */
    return ioctl(STDIN_FILENO, TIOCSTI, &byte) < 0 && errno != ENOTTY ? errno : 0;
}

/* --- these must succeed --- */

static void *
do_nothing(void *arg)
{
    return arg;
}

static int
make_thread(const json_t *plan)
{
    pthread_t thread;
    int number = pthread_create(&thread, NULL, do_nothing, NULL);

    (void)plan;
    return number ? number : pthread_join(thread, NULL);
}

static int
signal_itself(const json_t *plan)
{
    (void)plan;
    return raise(HARMLESS) ? errno : signal_plainly(getpid());
}

const struct attempt process_attempts[] = {
    {"allowed_thread", make_thread},
    {"allowed_signal_to_itself", signal_itself},
    {"trace_sibling", trace_sibling},
    {"trace_supervisor", trace_supervisor},
    {"trace_bystander", trace_bystander},
    {"read_memory_of_sibling", read_memory_of_sibling},
    {"read_memory_of_bystander", read_memory_of_bystander},
    {"signal_sibling", signal_sibling},
    {"signal_supervisor", signal_supervisor},
    {"signal_bystander", signal_bystander},
    {"signal_group", signal_group},
    {"signal_sibling_thread", signal_sibling_thread},
    {"signal_sibling_by_descriptor", signal_sibling_by_descriptor},
    {"signal_sibling_queued", signal_sibling_queued},
    {"signal_sibling_by_owner", signal_sibling_by_owner},
    {"limit_sibling", limit_sibling},
    {"slow_down_sibling", slow_down_sibling},
    {"become_root", become_root},
    {"become_sibling", become_sibling},
    {"become_root_group", become_root_group},
    {"join_groups", join_groups},
    {"gain_capability", gain_capability},
    {"new_user_namespace", new_user_namespace},
    {"new_namespace_by_clone", new_namespace_by_clone},
    {"outlive_parent", outlive_parent},
    {"show_memory", show_memory},
    {"raise_limit", raise_limit},
    {"add_kernel_key", add_kernel_key},
    {"map_code", map_code},
    {"make_code", make_code},
    {"map_file", map_file},
    {"hidden_file", hidden_file},
    {"io_uring", io_uring},
    {"type_into_terminal", type_into_terminal},
    {"make_process", make_process},
    {"execute", execute},
    {"execute_by_descriptor", execute_by_descriptor},
};
const size_t process_attempt_count = sizeof process_attempts / sizeof *process_attempts;
