/* Memory with customers' passwords stays in this process. */
#include "worker/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/log.h"

int
sandbox_enter(struct err *err)
{
    static const struct rlimit none = {0, 0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return err_errno(err, "sandbox", "no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
        return err_errno(err, "sandbox", "core dumps can't be switched off");
    log_info("sandbox: no_new_privs, not dumpable, no core");
    return 0;
}
