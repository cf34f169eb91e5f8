/* The event loop of a program, and its priorities. */
#ifndef COMMON_BASE_LOOP_H
#define COMMON_BASE_LOOP_H

#include <event2/bufferevent.h>
#include <event2/event.h>

/* Priorities: the channel and signals go first; everything else (clients, the ERP, timers) is
 * LOOP_WORK and served in turn. */
enum loop_priority { LOOP_CONTROL, LOOP_WORK, LOOP_PRIORITIES };

/* Aborts on failure. */
struct event_base *loop_new(void);

/* event_new; aborts if out of memory. */
struct event *loop_event(struct event_base *base, int fd, short what, event_callback_fn callback,
                         void *arg);

/* evtimer_new; aborts if out of memory. */
struct event *loop_timer(struct event_base *base, event_callback_fn callback, void *arg);

/* event_add (after NULL: without a timeout); aborts if out of memory. */
void loop_add(struct event *event, const struct timeval *after);

/* loop_event with priority LOOP_CONTROL. */
struct event *loop_control_event(struct event_base *base, int fd, short what,
                                 event_callback_fn callback, void *arg);

/* Writes as much of its output as the socket takes, without an event: most messages fit. Returns
 * what evbuffer_write does. */
int loop_write_now(struct bufferevent *bev);

#endif
