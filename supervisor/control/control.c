/* Routes of the control API. */
#include "supervisor/control/control.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/http/route.h"
#include "common/http/server.h"
#include "supervisor/control/events.h"
#include "supervisor/control/forward.h"
#include "supervisor/control/internal.h"
#include "supervisor/control/metrics.h"
#include "supervisor/control/rekey.h"
#include "supervisor/control/removal.h"
#include "supervisor/control/view.h"
#include "supervisor/daemon/archive.h"
#include "supervisor/daemon/children.h"
#include "supervisor/daemon/reload.h"
#include "supervisor/system/listen.h"
#include "supervisor/system/peer.h"

static void
get_health(struct call *call, void *context)
{
    struct control *control = context;
    size_t length;
    char *text = view_health(control->daemon, &length);

    call_reply_text(call, 200, "application/json", text, length);
    free(text);
}

static void
get_events(struct call *call, void *context)
{
    struct control *control = context;

    events_open(control->events, call);
}

static void
get_metrics(struct call *call, void *context)
{
    struct control *control = context;
    char *text = metrics_text(control->daemon);

    call_reply_text(call, 200, METRICS_TYPE, text, strlen(text));
    free(text);
}

static void
get_workshops(struct call *call, void *context)
{
    struct control *control = context;

    call_reply(call, 200, view_workshops(control->daemon));
}

/* Null: its lines go to stderr only. */
static json_t *
log_files_of(const struct daemon_config *config, const struct child *child)
{
    const char *slug = child->workshop->slug;

    if (!*config->log_dir)
        return json_null();
    return json_pack("[oo]", json_sprintf("%s/%s_api.log", config->log_dir, slug),
                     json_sprintf("%s/%s_create_orderline.log", config->log_dir, slug));
}

/* Whoever looks for a file of the queue has its folder from here, never from the worker. */
static void
get_workshop(struct call *call, void *context)
{
    struct control *control = context;
    struct child *child = control_find(control, call);
    char *folder;
    json_t *view;

    if (!child)
        return;
    folder = archive_queue_path(control->daemon->config, child->workshop->slug);
    view = view_workshop(child);
    json_object_set_new(view, "queue_folder", json_string(folder));
    json_object_set_new(view, "log_files", log_files_of(control->daemon->config, child));
    free(folder);
    call_reply(call, 200, view);
}

/* Commands that end with a process. */
static void
put_up(struct control *control, struct call *call, enum command command)
{
    struct child *child = control_find(control, call);

    if (!child || !control_accepts(control, call) || !control_sound(child, call))
        return;
    if (!child->workshop->active)
        call_problem(call, 409, "inactive", NULL,
                     "this workshop is inactive: activate it first (pumplinectl activate %s)",
                     child->workshop->slug);
    else
        commands_do(control->commands, command, child, call, NULL);
}

/* Commands that end without one. */
static void
put_down(struct control *control, struct call *call, enum command command)
{
    struct child *child = control_find(control, call);

    if (child)
        commands_do(control->commands, command, child, call, NULL);
}

static void
put_start(struct call *call, void *context)
{
    put_up(context, call, COMMAND_START);
}

static void
put_restart(struct call *call, void *context)
{
    put_up(context, call, COMMAND_RESTART);
}

static void
put_stop(struct call *call, void *context)
{
    put_down(context, call, COMMAND_STOP);
}

static void
put_kill(struct call *call, void *context)
{
    put_down(context, call, COMMAND_KILL);
}

static void
put_reload(struct call *call, void *context)
{
    struct control *control = context;
    struct json_faults faults = {0};
    json_t *report;

    if (!control_accepts(control, call))
        return;
    report = reload(control->daemon, &faults);
    if (report)
        call_reply(call, 200, report);
    else
        control_refuse_faults(call, &faults);
    json_faults_clear(&faults);
}

static void
put_rekey(struct call *call, void *context)
{
    struct control *control = context;

    if (control_accepts(control, call))
        rekey_begin(control->rekey, call);
}

static void
forward(struct call *call, void *context)
{
    struct control *control = context;
    struct child *child = control_find(control, call);

    if (!child)
        return;
    if (command_named(call->tail)) {
        call_header(call, "Allow", "PUT");
        call_problem(call, 405, "method_not_allowed", NULL, "this path allows PUT only");
        return;
    }
    forwards_send(control->forwards, child, call);
}

static const struct route routes[] = {
    {.method = "GET", .pattern = "/health", .handle = get_health},
    {.method = "GET", .pattern = "/metrics", .handle = get_metrics},
    {.method = "GET", .pattern = "/events", .handle = get_events},
    {.method = "PUT", .pattern = "/reload", .handle = put_reload},
    {.method = "PUT", .pattern = "/rekey", .handle = put_rekey},
    {.method = "POST", .pattern = "/seal", .handle = workshops_seal},
    {.method = "GET", .pattern = "/workshops", .handle = get_workshops},
    {.method = "GET", .pattern = "/workshops/{workshop}", .handle = get_workshop},
    {.method = "PUT", .pattern = "/workshops/{workshop}", .handle = workshops_put},
    {.method = "DELETE", .pattern = "/workshops/{workshop}", .handle = workshops_delete},
    {.method = "PUT", .pattern = "/workshops/{workshop}/activate", .handle = workshops_activate},
    {.method = "PUT",
     .pattern = "/workshops/{workshop}/deactivate",
     .handle = workshops_deactivate},
    {.method = "PUT", .pattern = "/workshops/{workshop}/start", .handle = put_start},
    {.method = "PUT", .pattern = "/workshops/{workshop}/stop", .handle = put_stop},
    {.method = "PUT", .pattern = "/workshops/{workshop}/restart", .handle = put_restart},
    {.method = "PUT", .pattern = "/workshops/{workshop}/kill", .handle = put_kill},
    {.method = "GET", .pattern = "/workshops/{workshop}/tokens", .handle = tokens_get},
    {.method = "POST", .pattern = "/workshops/{workshop}/tokens", .handle = tokens_post},
    {.method = "DELETE", .pattern = "/workshops/{workshop}/tokens/{name}", .handle = tokens_delete},
    /* Whatever else is the workshop API's; its own table says what there is. */
    {.method = "GET", .pattern = "/workshops/{workshop}/*", .handle = forward},
    {.method = "PUT", .pattern = "/workshops/{workshop}/*", .handle = forward},
    {.method = "POST", .pattern = "/workshops/{workshop}/*", .handle = forward},
    {.method = "DELETE", .pattern = "/workshops/{workshop}/*", .handle = forward},
    {.method = "PATCH", .pattern = "/workshops/{workshop}/*", .handle = forward}};

static void
on_call(struct call *call, void *arg)
{
    route_dispatch(routes, sizeof routes / sizeof *routes, call, NULL, arg);
}

static void
on_changed(struct child *child, void *arg)
{
    struct control *control = arg;

    forwards_changed(control->forwards, child);
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
on_replied(struct child *child, const json_t *reply, void *arg)
{
    struct control *control = arg;

    forwards_replied(control->forwards, child, reply);
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
    int fd = listen_unix(config->control_socket, config->control_group, err);
    struct control *control;

    if (fd < 0)
        return NULL;
    control = mem_alloc(sizeof *control);
    control->daemon = daemon;
    control->forwards = forwards_new(daemon->base);
    control->commands = commands_new(daemon->base);
    control->events = events_new(daemon);
    control->rekey = rekey_new(daemon);
    control->removals = removals_new(daemon);
    control->server = http_server_new(daemon->base, fd, true, &config->http, on_call, control);
    http_server_check_peer(control->server, check_peer, control);
    daemon->observer = (struct daemon_observer){.changed = on_changed,
                                                .replied = on_replied,
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
    commands_free(control->commands);
    rekey_free(control->rekey);
    forwards_free(control->forwards);
    http_server_free(control->server);
    free(control);
}
