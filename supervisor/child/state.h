/* Internals of child: the transitions between its states. For supervisor/child only. */
#ifndef SUPERVISOR_CHILD_STATE_H
#define SUPERVISOR_CHILD_STATE_H

#include "supervisor/child/child.h"

/* For the process to exit after its channel closed, and vice versa. */
#define CHILD_LAST_WORDS_MS 1000
#define CHILD_START_MS                                                                             \
    300000 /* from exec to `ready`, including the check of a large queue; longer is a hang */
#define CHILD_SILENT_MS 11000  /* until it is pinged; a worker gives a sign of life every 10 s */
#define CHILD_ASLEEP_MS 660000 /* the same of one that is asleep, which gives one every 600 s */
#define CHILD_PING_MS 2000     /* between two pings */
#define CHILD_KILLED_ITSELF_MS 2000
#define CHILD_NO_TIMER (-1)

/* What a child that only tests is called in the log, beside the workshop's own process. */
const char *child_trial_name(const struct child *child);

/* The only function that changes the state: each state comes with its timer; logs old -> new and
 * why. */
void child_move(struct child *child, enum child_state state, int64_t timer_ms, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* The process must have exited within this time; 0 kills it now. */
void child_leave(struct child *child, int64_t within_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Starts a serving process, or records why there is none. */
void child_launch(struct child *child);

/* Its process gives a sign of life. asleep: it has nothing to do, so the next one may come later,
 * unless child_expect is called, or a client connects to the listening socket: a process that
 * accepts the connection says first that it is awake. */
void child_heard(struct child *child, bool asleep);

/* A process that is asleep has been given something to do: it must give a sign of life soon. */
void child_expect(struct child *child);

/* From a state without a process: it is STOPPED. */
void child_rest_at_once(struct child *child);

/* The process is reaped and its last messages are read: decides what follows. */
void child_finish(struct child *child);

void child_close_listener(struct child *child);

/* Takes over fd, the log of its new process. Each line there is logged as the workshop's. */
void child_open_logs(struct child *child, int fd);

/* Logs its pending output: before its messages on the channel, and before its end is logged. */
void child_read_logs(struct child *child);
void child_close_logs(struct child *child);

void child_signal(const struct child *child, int number);

/* Before a process starts: its own WebDriver server is started if it is to have one, and stopped
 * otherwise. *fd: the socket for the process; -1: none. -1 with *err. */
int child_open_driver(struct child *child, int *fd, struct err *err);

/* The mark of its browsers comes from its configuration, never from its messages. */
void child_take_mark(struct child *child, const json_t *slice);

/* It asks for its browsers to be killed. Requests are rate-limited: each takes a process and a scan
 * of all processes. */
void child_kill_browsers(struct child *child, const json_t *message);
void child_kill_browsers_now(evutil_socket_t fd, short what, void *arg);

/* It asks for a name's addresses, and gets them if its configuration contains the name. */
void child_take_hosts(struct child *child, const json_t *slice);
void child_resolve(struct child *child, const json_t *message);
void child_close_lookups(struct child *child);

/* Limits size and rate of the worker's messages on its new channel. */
void child_limit(struct child *child);

/* Handles a message on the channel; arg is the child. */
void child_message(json_t *message, void *arg);

#endif
