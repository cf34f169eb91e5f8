/* Runs a program on a system with missing features: without ERRNO CALL[,CALL…] PROGRAM [ARGUMENT…]
 *
 * Each named system call fails with EPERM, as under a container's or service manager's filter, or
 * with ENOSYS, as on an old kernel. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

static int
refuse(scmp_filter_ctx filter, int number, const char *name)
{
    const uint32_t action = SCMP_ACT_ERRNO((uint32_t)number);

    /* The older call for the same feature. */
    if (strcmp(name, "seccomp") == 0 &&
        seccomp_rule_add(filter, action, SCMP_SYS(prctl), 1,
                         SCMP_CMP(0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0)))
        return -1;
    return seccomp_rule_add(filter, action, seccomp_syscall_resolve_name(name), 0);
}

int
main(int count, char **arguments)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int number;

    if (count < 4 || !filter)
        return EX_USAGE;
    number = strcmp(arguments[1], "ENOSYS") ? EPERM : ENOSYS;
    for (char *name = strtok(arguments[2], ","); name; name = strtok(NULL, ","))
        if (refuse(filter, number, name)) {
            fprintf(stderr, "%s: no such system call\n", name);
            return EX_USAGE;
        }
    if (seccomp_load(filter))
        return EX_OSERR;
    execv(arguments[3], arguments + 3);
    return EX_UNAVAILABLE;
}
