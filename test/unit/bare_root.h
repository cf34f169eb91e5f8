/* Root with only the capabilities that conf/pumplined.service leaves it: no right to override file
 * permissions. */
#ifndef TEST_UNIT_BARE_ROOT_H
#define TEST_UNIT_BARE_ROOT_H

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BARE_ROOT_KEEPS (1u << CAP_CHOWN | 1u << CAP_SETUID | 1u << CAP_SETGID)

/* Runs work in a child process, since dropped capabilities cannot be regained. Returns its result.
 */
static inline bool
as_bare_root(bool (*work)(void *arg), void *arg)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = BARE_ROOT_KEEPS, .permitted = BARE_ROOT_KEEPS}};
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(syscall(SYS_capset, &header, data) || !work(arg));
    return waitpid(pid, &status, 0) == pid && status == 0;
}

#endif
