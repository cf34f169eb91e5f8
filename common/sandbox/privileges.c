/* User, capabilities, limits. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/sandbox/internal.h"

#define DESCRIPTORS 4096       /* one per client connection; a few for the queue and the ERP */
#define DATA_BYTES (2ll << 30) /* 64 resolver threads have 8 MiB of stack each: 512 MiB */
#define TASKS 4096             /* per user: workshops may share one */

/* Needs CAP_SETPCAP, so it comes before the user changes; without that capability nothing can be
 * gained from the set either, after no_new_privs. */
static void
empty_bounding_set(void)
{
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
            return;
}

static int
change_user(uid_t uid, gid_t gid, struct err *err)
{
    uid_t real, effective, saved;

    if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
        return err_errno(err, "sandbox", "cannot change to user %ld", (long)uid);
    if (getresuid(&real, &effective, &saved) || real != uid || effective != uid || saved != uid)
        return err_set(err, "sandbox", "changing to user %ld had no effect", (long)uid);
    return 0;
}

int
privileges_become(const struct sandbox_setup *setup, struct err *err)
{
    empty_bounding_set();
    if (setup->uid && change_user(setup->uid, setup->gid, err))
        return -1;
    if (!setup->supervisor_pid)
        return 0;
    /* The kernel resets it when the user changes; and the supervisor may be gone already. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        return err_errno(err, "sandbox", "cannot request a signal for the supervisor's exit");
    if (getppid() != setup->supervisor_pid)
        return err_set(err, "no_resources", "the supervisor has exited");
    return 0;
}

int
privileges_no_new(struct err *err)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? err_errno(err, "sandbox", "no_new_privs") : 0;
}

enum sandbox_result
privileges_capabilities(struct err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
        syscall(SYS_capset, &header, data) || syscall(SYS_capget, &header, data)) {
        err_set(err, "sandbox", "cannot drop capabilities: %s", sandbox_cause(errno));
        return SANDBOX_LACKS;
    }
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (data[i].effective | data[i].permitted | data[i].inheritable) {
            err_set(err, "sandbox", "some capabilities are still held");
            return SANDBOX_LACKS;
        }
    return SANDBOX_HOLDS;
}

/* Only lowers limits: lower ones stay. */
static void
limit(int resource, const char *name, rlim_t to)
{
    struct rlimit now;

    if (getrlimit(resource, &now) == 0 && now.rlim_max < to)
        to = now.rlim_max;
    now = (struct rlimit){to, to};
    if (setrlimit(resource, &now))
        log_warning("sandbox: cannot set %s: %s", name, strerror(errno));
}

void
privileges_limits(const struct sandbox_setup *setup)
{
    limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", DESCRIPTORS);
    if (!SANDBOX_SANITIZED)
        limit(RLIMIT_DATA, "RLIMIT_DATA", DATA_BYTES);
    if (setup->uid)
        limit(RLIMIT_NPROC, "RLIMIT_NPROC", TASKS);
}
