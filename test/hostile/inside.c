/* A worker that was taken over: the real one, but for what runs when its boot page is done. The
 * linker puts these in the way (--wrap), so that nothing of it is in the sources that are used. */
#include <stdlib.h>

#include "common/err.h"
#include "test/hostile/attempts.h"
#include "worker/delivery.h"
#include "worker/queue.h"

struct queue *__real_queue_open(const char *folder, unsigned map_mib, const unsigned char *key,
                                struct err *err);
struct queue *__wrap_queue_open(const char *folder, unsigned map_mib, const unsigned char *key,
                                struct err *err);
void __real_delivery_boot(struct delivery *delivery);
void __wrap_delivery_boot(struct delivery *delivery);

static char *own_folder;

struct queue *
__wrap_queue_open(const char *folder, unsigned map_mib, const unsigned char *key, struct err *err)
{
    if (!own_folder)
        own_folder = mem_string(folder);
    return __real_queue_open(folder, map_mib, key, err);
}

void
__wrap_delivery_boot(struct delivery *delivery)
{
    attempts_run(own_folder);
    free(own_folder);
    own_folder = NULL;
    __real_delivery_boot(delivery);
}
