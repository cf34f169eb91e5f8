/* Internals shared by the routes of the control API. */
#ifndef SUPERVISOR_CONTROL_INTERNAL_H
#define SUPERVISOR_CONTROL_INTERNAL_H

#include "common/http/call.h"
#include "supervisor/control/command.h"
#include "supervisor/daemon/daemon.h"
#include "supervisor/system/peer.h"

struct control {
    struct daemon *daemon;
    struct http_server *server;
    struct forwards *forwards;
    struct commands *commands;
    struct events *events;
    struct rekey *rekey;
    struct removals *removals;
    struct trials *trials;
    struct peer_names peers;
    struct trail *trail;
    struct asks *asks;
    struct listings *listings;
    struct gathers *gathers;
};

/* Open calls: commands, forwards, removals and a rekey each keep their own list (sys/queue.h). They
 * share no more than that: a command waits for a state, a forward for a message with its id, a
 * removal goes through steps, a rekey's calls only for its end. A common helper takes more lines
 * than it saves. */

/* routes.c */

/* Takes over a call whose author is known. */
void control_dispatch(struct call *call, struct control *control);

/* refuse.c */

/* NULL: no such workshop; the call has been replied to. */
struct child *control_find(const struct control *control, struct call *call);

/* False while the daemon is stopping; the call has been replied to. */
bool control_accepts(const struct control *control, struct call *call);

/* False if its configuration is faulty: replied with 409 and every fault. */
bool control_sound(const struct child *child, struct call *call);

/* 400 with every fault, of a configuration or of a request that changes none; takes over the call.
 */
void control_refuse_faults(struct call *call, const struct json_faults *faults);
void control_refuse_request(struct call *call, const struct json_faults *faults);

/* 503: the file could not be written. Takes over the call. */
void control_not_written(struct call *call, const struct err *err);

/* Sets the reply's ETag: the version of the workshop's configuration. */
void control_show_version(const struct child *child, struct call *call);

/* False if the call has an If-Match that does not name this version; child NULL: there is no such
 * workshop. The call has then been replied to with 412. */
bool control_matches(const struct child *child, struct call *call);

/* workshops.c: writes a workshop's file. */

/* Replaces the child's document (taken over): checks, writes and applies it. False on failure; the
 * call has been replied to, and nothing has changed. */
bool workshops_change(struct control *control, struct child *child, json_t *document,
                      struct call *call);

void workshops_put(struct call *call, void *context);
void workshops_test(struct call *call, void *context);
void workshops_activate(struct call *call, void *context);
void workshops_deactivate(struct call *call, void *context);
void workshops_delete(struct call *call, void *context);
void workshops_seal(struct call *call, void *context);

/* recipes.c */
void recipes_get(struct call *call, void *context);
void recipes_check(struct call *call, void *context);
void workshops_dry_run(struct call *call, void *context);

/* tokens.c: a workshop's API tokens. */
void tokens_get(struct call *call, void *context);
void tokens_post(struct call *call, void *context);
void tokens_delete(struct call *call, void *context);

#endif
