/* Inside child: what moves a child from state to state. For its own files alone. */
#ifndef SUPERVISOR_CHILD_STATE_H
#define SUPERVISOR_CHILD_STATE_H

#include "supervisor/child/child.h"

/* For a closed channel's process to end, and for an ended one's channel to close. */
#define CHILD_LAST_WORDS_MS 1000
#define CHILD_START_MS                                                                             \
    300000 /* from exec to `ready`, a large queue being checked; longer is a hang */
#define CHILD_SILENT_MS 6000 /* after which it is pinged: a sign of life comes every 5 s */
#define CHILD_PING_MS 2000   /* between two pings */
#define CHILD_KILLED_ITSELF_MS 2000
#define CHILD_NO_TIMER (-1)

/* The only writer of the state: each state comes with its timer; logs old -> new and why. */
void child_move(struct child *child, enum child_state state, int64_t timer_ms, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* The process is to be gone within this time; 0 kills it now. */
void child_leave(struct child *child, int64_t within_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Starts a process that serves, or says why there is none. */
void child_launch(struct child *child);

/* From where there is no process: it has stopped. */
void child_rest_at_once(struct child *child);

/* The process is reaped and its last words are read: what now? */
void child_finish(struct child *child);

void child_close_listener(struct child *child);

/* Takes over fd, on which its new process logs. Whatever it says there is logged as the workshop's.
 */
void child_open_logs(struct child *child, int fd);

/* Logs what it has said by now: before what it says on its channel, and before its obituary. */
void child_read_logs(struct child *child);
void child_close_logs(struct child *child);

void child_signal(const struct child *child, int number);

/* For a process that is about to start: its own WebDriver server is up where it is to have one, and
 * down otherwise. *fd: the socket for the process; -1: none. -1 with *err. */
int child_open_driver(struct child *child, int *fd, struct err *err);

/* Its browsers' mark is what its configuration says, and nothing that it says itself. */
void child_take_mark(struct child *child, const json_t *slice);

/* It asks for its browsers to be killed. Each time takes a process and a look at all others, so
 * they come at their pace.
 */
void child_kill_browsers(struct child *child, const json_t *message);
void child_kill_browsers_now(evutil_socket_t fd, short what, void *arg);

/* It asks for a name's addresses: for one that its configuration names it gets them. */
void child_take_hosts(struct child *child, const json_t *slice);
void child_resolve(struct child *child, const json_t *message);
void child_close_lookups(struct child *child);

/* Holds its new channel to what a worker may say, and how often. */
void child_limit(struct child *child);

/* A message on the channel; arg is the child. */
void child_message(json_t *message, void *arg);

#endif
