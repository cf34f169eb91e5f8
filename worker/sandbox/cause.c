/* What an errno of a mechanism means. */
#include <errno.h>
#include <string.h>

#include "worker/sandbox/internal.h"

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
        return "refused (EPERM): a filter is in the way, of a container or of the service manager";
    case ENOSYS:
        return "not in this kernel (ENOSYS): it is too old, or built without it";
    case EOPNOTSUPP:
        return "switched off at boot (EOPNOTSUPP): the kernel's lsm= leaves it out";
    default:
        return strerror(number);
    }
}
