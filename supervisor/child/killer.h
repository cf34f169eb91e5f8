/* A process that ends a workshop's browsers (common/ipc/browser_kill.h), so that the supervisor
 * neither waits for /proc nor dies of it. */
#ifndef SUPERVISOR_CHILD_KILLER_H
#define SUPERVISOR_CHILD_KILLER_H

#include <event2/event.h>

#include "common/base/err.h"

struct killer;

/* Calls done once it is over, with how many were ended; free it then or later. NULL with *err. */
struct killer *killer_start(struct event_base *base, const char *mark,
                            void (*done)(unsigned ended, void *arg), void *arg, struct err *err);

/* The process, if it is still there, goes on; done is not called. NULL is allowed. */
void killer_free(struct killer *killer);

#endif
