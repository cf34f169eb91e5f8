/* Puts the control API together, and passes on what the daemon observes. */
#include "supervisor/control/control.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/http/server.h"
#include "supervisor/across/gather.h"
#include "supervisor/across/listing.h"
#include "supervisor/across/trials.h"
#include "supervisor/audit/caller.h"
#include "supervisor/audit/trail.h"
#include "supervisor/control/forward.h"
#include "supervisor/control/internal.h"
#include "supervisor/control/record.h"
#include "supervisor/control/rekey.h"
#include "supervisor/control/removal.h"
#include "supervisor/monitoring/events.h"
#include "supervisor/system/listen.h"
#include "supervisor/system/peer.h"

static void
on_call(struct call *call, void *arg)
{
    struct control *control = arg;

    if (caller_take(call, &control->peers))
        control_dispatch(call, control);
}

static void
on_changed(struct child *child, void *arg)
{
    struct control *control = arg;

    if (child->tries) { /* no state of the workshop's */
        trials_changed(control->trials, child);
        return;
    }
    forwards_changed(control->forwards, child);
    asks_changed(control->asks, child);
    commands_changed(control->commands, child);
    events_changed(control->events, child);
    rekey_changed(control->rekey, child);
    removals_changed(control->removals, child);
}

static void
on_reconfigured(void *arg)
{
    struct control *control = arg;

    events_reconfigured(control->events);
}

static void
on_ending(void *arg)
{
    struct control *control = arg;

    events_end(control->events);
}

static void
on_audited(struct child *child, const json_t *message, void *arg)
{
    record_port(arg, child, message);
}

static void
on_reopened(void *arg)
{
    struct control *control = arg;

    trail_reopen(control->trail);
}

static void
on_replied(struct child *child, const json_t *reply, void *arg)
{
    struct control *control = arg;

    if (child->tries) {
        trials_replied(control->trials, child, reply);
        return;
    }
    forwards_replied(control->forwards, child, reply);
    asks_replied(control->asks, child, reply);
}

static void
on_orders(struct child *child, const json_t *orders, bool lost, void *arg)
{
    struct control *control = arg;

    events_orders(control->events, child, orders, lost);
}

static bool
check_peer(int fd, void *arg)
{
    struct control *control = arg;

    return peer_allowed(fd, control->daemon->config->control_group);
}

struct control *
control_open(struct daemon *daemon, struct err *err)
{
    const struct daemon_config *config = daemon->config;
    int fd = listen_control(config->control_socket, config->control_group, err);
    struct control *control;

    if (fd < 0)
        return NULL;
    control = mem_alloc(sizeof *control);
    control->daemon = daemon;
    control->forwards = forwards_new(daemon->base);
    control->asks = asks_new(daemon);
    control->listings = listings_new(daemon, control->asks, forward_answer);
    control->gathers = gathers_new(daemon, control->asks, forward_answer);
    control->commands = commands_new(daemon->base);
    control->events = events_new(daemon);
    control->trail =
        trail_open(daemon->base, config->state_dir, config->control_group, TRAIL_FILE_BYTES);
    control->rekey = rekey_new(daemon);
    control->removals = removals_new(daemon);
    control->trials = trials_new(daemon, forward_answer);
    control->server = http_server_new(daemon->base, fd, true, &config->http, on_call, control);
    http_server_check_peer(control->server, check_peer, control);
    daemon->observer = (struct daemon_observer){.changed = on_changed,
                                                .replied = on_replied,
                                                .orders = on_orders,
                                                .audited = on_audited,
                                                .reopened = on_reopened,
                                                .reconfigured = on_reconfigured,
                                                .ending = on_ending,
                                                .arg = control};
    return control;
}

void
control_close(struct control *control)
{
    control->daemon->observer = (struct daemon_observer){0};
    unlink(control->daemon->config->control_socket);
    events_free(control->events);
    removals_free(control->removals);
    trials_free(control->trials);
    commands_free(control->commands);
    rekey_free(control->rekey);
    listings_free(control->listings);
    gathers_free(control->gathers);
    asks_free(control->asks);
    forwards_free(control->forwards);
    http_server_free(control->server);
    trail_close(control->trail);
    free(control);
}
