/* The meaning of an errno of a mechanism. */
#include <errno.h>
#include <string.h>

#include "common/sandbox/internal.h"

enum sandbox_result
sandbox_result_of(int number)
{
    switch (number) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EIO:
        return SANDBOX_BROKEN;
    default:
        return SANDBOX_LACKS;
    }
}

const char *
sandbox_cause(int number)
{
    switch (number) {
    case EPERM:
    case EACCES:
        return "refused (EPERM) by a seccomp filter of the container or service manager";
    case ENOSYS:
        return "not supported by this kernel (ENOSYS): it is too old, or was built without it";
    case EOPNOTSUPP:
        return "disabled at boot (EOPNOTSUPP): the kernel's lsm= parameter omits it";
    default:
        return strerror(number);
    }
}
