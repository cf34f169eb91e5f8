/* What the control API asks of a child: done at once, answered when it has come true.
 *
 * Owns each such call until then. start, restart, activate and another configuration are answered
 * when the child is at rest or is running and has pushed its status, or is in backoff, after
 * COMMAND_PATIENCE_MS as it is; stop, kill and deactivate when the process has gone. */
#ifndef SUPERVISOR_CONTROL_COMMAND_H
#define SUPERVISOR_CONTROL_COMMAND_H

#include "common/http/call.h"
#include "supervisor/child/child.h"

#define COMMAND_PATIENCE_MS 10000

enum command {
    COMMAND_START,
    COMMAND_STOP,
    COMMAND_RESTART,
    COMMAND_KILL,
    COMMAND_ACTIVATE,
    COMMAND_DEACTIVATE,
    COMMAND_CONFIGURE, /* it has another configuration: nothing more is done */
    COMMAND_TOKENS,    /* the same, answered with its tokens */
    COMMANDS
};

struct commands;

struct commands *commands_new(struct event_base *base);
void commands_free(struct commands *commands); /* each open call: answered as it is */

/* Takes over the call, and first (or NULL): the reply's first members, which go before those of
 * their names. */
void commands_do(struct commands *commands, enum command command, struct child *child,
                 struct call *call, json_t *first);

/* The child is another one now; a command may have come true. */
void commands_changed(struct commands *commands, const struct child *child);

/* Whether a command that found process `pid` has come true. */
bool command_done(enum command command, const struct child *child, pid_t pid);

/* Whether a path's segment is a command's name: those take PUT alone. */
bool command_named(const char *segment);

#endif
