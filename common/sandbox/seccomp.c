/* seccomp: which system calls, with which arguments. What is not listed is refused with EPERM.
 *
 * Names alone are not enough if one call does many things: those are listed with the allowed
 * arguments. Landlock controls the files. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sandbox/internal.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define SOCKET_KIND 0xf /* of socket()'s second argument: the rest are flags */
#define CONDITIONS_MAX 3

/* It bypasses connect(), and so Landlock. */
#define FAST_OPEN MSG_FASTOPEN

/* Another namespace, another parent, access by other processes. */
#define CLONE_REFUSED                                                                              \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET | CLONE_PARENT | CLONE_PTRACE | CLONE_PIDFD)

static const int allowed[] = {
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
    SCMP_SYS(munlock), SCMP_SYS(msync),
    /* files: Landlock decides which ones */
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(read),
    SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
    SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(stat), SCMP_SYS(fstat),
    SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range),
    SCMP_SYS(fadvise64), SCMP_SYS(flock), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(umask),
    /* waiting */
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(alarm), SCMP_SYS(setitimer),
    SCMP_SYS(restart_syscall),
    /* sockets, once they exist */
    SCMP_SYS(connect), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    /* threads and signals */
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address),
    SCMP_SYS(membarrier), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(wait4), SCMP_SYS(waitid),
    /* Refused by seccomp_alone, except to the process itself. The process that checks the queue has
     * another pid. */
    SCMP_SYS(kill), SCMP_SYS(tgkill),
    /* about itself and the machine */
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrlimit), SCMP_SYS(getrusage), SCMP_SYS(times),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom),
    /* seccomp_alone and seccomp_no_code */
    SCMP_SYS(seccomp)};

/* All conditions of a row must hold; rows of one call are alternatives. */
struct conditional {
    int call;
    unsigned count;
    struct scmp_arg_cmp conditions[CONDITIONS_MAX];
};

#define WHERE(number, ...)                                                                         \
    {                                                                                              \
        SCMP_SYS(number),                                                                          \
            sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp),            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define IS(argument, value)                                                                        \
    {                                                                                              \
        argument, SCMP_CMP_EQ, value, 0                                                            \
    }
#define ISNT(argument, value)                                                                      \
    {                                                                                              \
        argument, SCMP_CMP_NE, value, 0                                                            \
    }
#define WITHOUT(argument, bits)                                                                    \
    {                                                                                              \
        argument, SCMP_CMP_MASKED_EQ, bits, 0                                                      \
    }
#define WITH(argument, bits)                                                                       \
    {                                                                                              \
        argument, SCMP_CMP_MASKED_EQ, bits, bits                                                   \
    }
#define KIND(value)                                                                                \
    {                                                                                              \
        1, SCMP_CMP_MASKED_EQ, SOCKET_KIND, value                                                  \
    }
#define SOCKET(family, kind, protocol) WHERE(socket, IS(0, family), KIND(kind), IS(2, protocol))

/* If there is a port to connect to. No MPTCP or SCTP, which Landlock does not know; no
 * netlink or raw sockets. */
static const struct conditional streams[] = {
    SOCKET(AF_INET, SOCK_STREAM, 0), SOCKET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
    SOCKET(AF_INET6, SOCK_STREAM, 0), SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP)};

static const struct conditional unix_streams[] = {SOCKET(AF_UNIX, SOCK_STREAM, 0)};

/* If no supervisor resolves names. */
static const struct conditional datagrams[] = {
    SOCKET(AF_INET, SOCK_DGRAM, 0), SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    SOCKET(AF_INET6, SOCK_DGRAM, 0), SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP)};

static const struct conditional conditionals[] = {
    /* libcurl wakes its own threads by a socket pair */
    WHERE(socketpair, IS(0, AF_UNIX), KIND(SOCK_STREAM), IS(2, 0)),
    WHERE(sendto, WITHOUT(3, FAST_OPEN)), WHERE(sendmsg, WITHOUT(2, FAST_OPEN)),
    WHERE(sendmmsg, WITHOUT(3, FAST_OPEN)),
    /* code comes from files, and written memory never becomes code */
    WHERE(mmap, WITHOUT(2, PROT_EXEC)),
    WHERE(mmap, WITHOUT(2, PROT_WRITE), WITHOUT(3, MAP_ANONYMOUS)),
    WHERE(mprotect, WITHOUT(2, PROT_EXEC)),
    /* threads, and until seccomp_alone a process to check the queue */
    WHERE(clone, WITHOUT(0, CLONE_REFUSED)),
    /* no F_SETOWN and F_SETSIG: they send signals */
    WHERE(fcntl, IS(1, F_DUPFD)), WHERE(fcntl, IS(1, F_DUPFD_CLOEXEC)),
    WHERE(fcntl, IS(1, F_GETFD)), WHERE(fcntl, IS(1, F_SETFD)), WHERE(fcntl, IS(1, F_GETFL)),
    WHERE(fcntl, IS(1, F_SETFL)), WHERE(fcntl, IS(1, F_GETLK)), WHERE(fcntl, IS(1, F_SETLK)),
    WHERE(fcntl, IS(1, F_SETLKW)), WHERE(ioctl, IS(1, FIONBIO)), WHERE(ioctl, IS(1, FIONREAD)),
    WHERE(ioctl, IS(1, TCGETS)),
    /* only its own limits can be read */
    WHERE(prlimit64, IS(0, 0), IS(2, 0)),
    /* nothing that weakens: not the parent-death signal, not the secrecy of its memory */
    WHERE(prctl, IS(0, PR_SET_PDEATHSIG), IS(1, SIGKILL)),
    WHERE(prctl, IS(0, PR_SET_DUMPABLE), IS(1, 0)), WHERE(prctl, IS(0, PR_GET_DUMPABLE)),
    WHERE(prctl, IS(0, PR_CAPBSET_READ)), WHERE(prctl, IS(0, PR_SET_NO_NEW_PRIVS)),
    WHERE(prctl, IS(0, PR_SET_NAME)), WHERE(prctl, IS(0, PR_GET_NO_NEW_PRIVS))};

/* --- building the filters --- */

static enum sandbox_result
failed(struct err *err, int number)
{
    err_set(err, "sandbox", "seccomp: %s", sandbox_cause(-number));
    return sandbox_result_of(-number);
}

static int
add_conditional(scmp_filter_ctx filter, uint32_t action, const struct conditional *c)
{
    int error = seccomp_rule_add_array(filter, action, c->call, c->count, c->conditions);

    /* An architecture may lack it. */
    return error == -EDOM ? 0 : error;
}

static int
add_all(scmp_filter_ctx filter, uint32_t action, const struct conditional *rows, size_t count)
{
    int error = 0;

    for (size_t i = 0; !error && i < count; i++)
        error = add_conditional(filter, action, &rows[i]);
    return error;
}

static int
fill(scmp_filter_ctx filter, const struct sandbox_setup *setup)
{
    /* glibc tries it first; its flags are in memory, where a filter cannot see them. */
    int error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

    for (size_t i = 0; !error && i < COUNT(allowed); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    if (!error && setup->port_count)
        error = add_all(filter, SCMP_ACT_ALLOW, streams, COUNT(streams));
    if (!error && setup->names)
        error = add_all(filter, SCMP_ACT_ALLOW, datagrams, COUNT(datagrams));
    if (!error && setup->unix_streams)
        error = add_all(filter, SCMP_ACT_ALLOW, unix_streams, COUNT(unix_streams));
    return error ? error : add_all(filter, SCMP_ACT_ALLOW, conditionals, COUNT(conditionals));
}

/* The second filter: the first one without these. */
static int
fill_alone(scmp_filter_ctx filter, const struct sandbox_setup *setup)
{
    const scmp_datum_t own = (scmp_datum_t)getpid();
    const struct conditional refused[] = {
        WHERE(clone, WITHOUT(0, CLONE_THREAD)), WHERE(kill, ISNT(0, own)),
        WHERE(tgkill, ISNT(0, own)),
        /* the next process shares the listening socket */
        WHERE(setsockopt, IS(1, SOL_SOCKET), IS(2, SO_ATTACH_FILTER)),
        WHERE(setsockopt, IS(1, SOL_SOCKET), IS(2, SO_ATTACH_BPF)),
        WHERE(setsockopt, IS(1, SOL_SOCKET), IS(2, SO_ATTACH_REUSEPORT_CBPF)),
        WHERE(setsockopt, IS(1, SOL_SOCKET), IS(2, SO_ATTACH_REUSEPORT_EBPF))};

    (void)setup;
    return add_all(filter, SCMP_ACT_ERRNO(EPERM), refused, COUNT(refused));
}

/* The last one: a file can be written and mapped, so mapping code is no longer allowed. It is for
 * all threads: a worker may have its helper already. */
static int
fill_no_code(scmp_filter_ctx filter, const struct sandbox_setup *setup)
{
    static const struct conditional refused[] = {WHERE(mmap, WITH(2, PROT_EXEC)),
                                                 {.call = SCMP_SYS(seccomp)}};
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    (void)setup;
    return error ? error : add_all(filter, SCMP_ACT_ERRNO(EPERM), refused, COUNT(refused));
}

static enum sandbox_result
load(uint32_t otherwise, int (*fill_in)(scmp_filter_ctx filter, const struct sandbox_setup *setup),
     const struct sandbox_setup *setup, struct err *err)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int error = filter ? 0 : -ENOMEM;

    if (!error)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    if (!error)
        error = fill_in(filter, setup);
    /* The library returns ECANCELED or EFAULT, whatever the kernel's error was. The kernel sets
     * none for a thread that has other filters. */
    errno = 0;
    if (!error && seccomp_load(filter))
        error = errno ? -errno : -ESRCH;
    seccomp_release(filter);
    return error ? failed(err, error) : SANDBOX_HOLDS;
}

enum sandbox_result
seccomp_enter(const struct sandbox_setup *setup, struct err *err)
{
    return load(SCMP_ACT_ERRNO(EPERM), fill, setup, err);
}

enum sandbox_result
seccomp_alone(struct err *err)
{
    return load(SCMP_ACT_ALLOW, fill_alone, NULL, err);
}

enum sandbox_result
seccomp_no_code(struct err *err)
{
    return load(SCMP_ACT_ALLOW, fill_no_code, NULL, err);
}
