/* A compromised worker: the real one, except for code that runs at the end of its start. The linker
 * adds it (--wrap), so the production sources contain nothing of it. */
#include <stdlib.h>

#include "common/base/err.h"
#include "common/sandbox/sandbox.h"
#include "test/hostile/attempts.h"
#include "worker/delivery/delivery.h"
#include "worker/io/curl_api.h"

int __real_sandbox_enter(const struct sandbox_setup *setup, struct err *err);
int __wrap_sandbox_enter(const struct sandbox_setup *setup, struct err *err);
void __real_delivery_boot(struct delivery *delivery);
void __wrap_delivery_boot(struct delivery *delivery);

static char *own_folder;

int
__wrap_sandbox_enter(const struct sandbox_setup *setup, struct err *err)
{
    for (size_t i = 0; i < setup->path_count; i++)
        if (setup->paths[i].access == SANDBOX_OWN)
            own_folder = mem_string(setup->paths[i].pinned->path);
    return __real_sandbox_enter(setup, err);
}

void
__wrap_delivery_boot(struct delivery *delivery)
{
    struct err err;

    /* As after its first order. Before that, libraries may still be mapped as code, also by an
     * attacker: the log says so. */
    (void)curl_api_load(&err); /* refused if no library is needed */
    attempts_run(own_folder);
    free(own_folder);
    own_folder = NULL;
    __real_delivery_boot(delivery);
}
