/* A queue whose file is damaged: found out before it is used, set aside, and what is readable taken
 * over. A queue of an earlier format is taken over too, and nothing of it is set aside.
 *
 * The file is checked first where it was cut, where the last process met damage or died of it, or
 * where several died before they had checked it beside their work; in a process of its own, since a
 * damaged tree can make LMDB itself die. What can be read through the tree is taken over as it is.
 * What is only found by looking through all pages may be old: an order that seems to wait becomes
 * an error with `outcome_unknown`, for a person. */
#ifndef WORKER_SALVAGE_SALVAGE_H
#define WORKER_SALVAGE_SALVAGE_H

#include "worker/queue/queue.h"

/* Checks the queue in folder and mends it if need be; the caller opens it then. Logs what it did.
 * -1: it can't even be set aside, or (code "format") a later release wrote it. keys: as for
 * queue_open. */
int salvage_check(const char *folder, unsigned map_mib, const struct queue_keys *keys,
                  struct err *err);

#endif
