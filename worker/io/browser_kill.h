/* Asks the supervisor, or another starter, to kill this process's browsers
 * (common/ipc/browser_kill.h): the sandbox does not allow it to send signals. */
#ifndef WORKER_IO_BROWSER_KILL_H
#define WORKER_IO_BROWSER_KILL_H

#include <event2/event.h>

#include "erp-drivers/driver.h"

struct browser_killer;
struct browser_kill_request;

/* ask: passes the request on; browser_killer_answer follows, and until then it is not called again.
 * NULL: no supervisor; nothing is killed. */
struct browser_killer *browser_killer_new(struct event_base *base, void (*ask)(void *arg),
                                          void *arg);

/* done is not called for pending requests. */
void browser_killer_free(struct browser_killer *browser_killer);

/* Calls done once, never from inside this function: with the answer to a search that started after
 * now, or with an incomplete reply when the time is up. */
struct browser_kill_request *
browser_killer_ask(struct browser_killer *browser_killer, unsigned timeout_ms,
                   void (*done)(const struct erp_reply *reply, void *arg), void *arg);

/* Cancels it; done is not called. */
void browser_killer_cancel(struct browser_kill_request *request);

/* The request has been carried out. */
void browser_killer_answer(struct browser_killer *browser_killer, unsigned ended);

#endif
