/* A helper process that kills a workshop's browsers (common/ipc/browser_kill.h), so that the
 * supervisor neither blocks on /proc nor can crash there. */
#ifndef SUPERVISOR_CHILD_KILLER_H
#define SUPERVISOR_CHILD_KILLER_H

#include <event2/event.h>

#include "common/base/err.h"

struct killer;

/* Calls done once it has finished, with the number of browsers killed; free it then or later. NULL
 * with *err. */
struct killer *killer_start(struct event_base *base, const char *mark,
                            void (*done)(unsigned ended, void *arg), void *arg, struct err *err);

/* A running helper process goes on; done is not called. NULL is allowed. */
void killer_free(struct killer *killer);

#endif
