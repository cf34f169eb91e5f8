/* Routes of the control API. */
#include <stdlib.h>
#include <string.h>

#include "common/http/route.h"
#include "supervisor/across/gather.h"
#include "supervisor/across/listing.h"
#include "supervisor/audit/trail.h"
#include "supervisor/control/forward.h"
#include "supervisor/control/internal.h"
#include "supervisor/control/many.h"
#include "supervisor/control/record.h"
#include "supervisor/control/rekey.h"
#include "supervisor/daemon/archive.h"
#include "supervisor/daemon/log_tail.h"
#include "supervisor/daemon/reload.h"
#include "supervisor/monitoring/events.h"
#include "supervisor/monitoring/metrics.h"
#include "supervisor/monitoring/view.h"

static void
get_health(struct call *call, void *context)
{
    struct control *control = context;
    size_t length;
    char *text = view_health(control->daemon, &length);

    call_reply_owned(call, 200, "application/json", text, length);
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
    const struct metrics_format *format = metrics_format(call->fields[CALL_ACCEPT]);
    char *text = metrics_text(control->daemon, format);

    call_reply_owned(call, 200, format->type, text, strlen(text));
}

static void
get_workshops(struct call *call, void *context)
{
    struct control *control = context;
    char etag[VIEW_ETAG_BYTES];

    view_workshops_etag(control->daemon, etag);
    call_header(call, "ETag", etag);
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

/* Files of the queue are looked up in this folder, never in one that the worker names. */
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
    control_show_version(child, call);
    call_reply(call, 200, view);
}

static void
get_logs(struct call *call, void *context)
{
    struct control *control = context;
    struct child *child = control_find(control, call);
    unsigned lines = 100;
    json_t *paths;

    if (!child)
        return;
    paths = log_files_of(control->daemon->config, child);
    if (call_query_number(call, "lines", 1, LOG_TAIL_LINES_MAX, &lines))
        call_problem(call, 400, "invalid_parameter", json_pack("[s]", "lines"),
                     "lines must be an integer from 1 to %u", LOG_TAIL_LINES_MAX);
    else if (json_is_null(paths))
        call_problem(call, 409, "no_log_files", NULL,
                     "log_dir is not set: pumplinectl logs %s reads the journal",
                     child->workshop->slug);
    else
        call_reply(call, 200,
                   json_pack("{s:s s:o}", "workshop", child->workshop->name, "logs",
                             log_tail(paths, lines)));
    json_decref(paths);
}

static void
refuse_inactive(const struct child *child, struct call *call)
{
    const char *slug = child->workshop->slug;
    char *moved = config_moved_out(child->workshop->document);

    if (moved)
        call_problem(call, 409, "inactive", NULL, "%s was %s", slug, moved);
    else
        call_problem(call, 409, "inactive", NULL,
                     "this workshop is inactive: activate it first (pumplinectl activate %s)",
                     slug);
    free(moved);
}

/* Commands that end with a process. */
static void
put_up(struct control *control, struct call *call, enum command command)
{
    struct child *child = control_find(control, call);

    if (!child || !control_accepts(control, call) || !control_sound(child, call))
        return;
    if (!child->workshop->active)
        refuse_inactive(child, call);
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
get_audit(struct call *call, void *context)
{
    struct control *control = context;

    trail_search(control->trail, call);
}

static void
get_orders(struct call *call, void *context)
{
    struct control *control = context;

    listings_start(control->listings, call);
}

static void
get_report(struct call *call, void *context)
{
    struct control *control = context;

    gathers_report(control->gathers, call);
}

static void
get_worksheet(struct call *call, void *context)
{
    struct control *control = context;

    gathers_worksheet(control->gathers, call, true);
}

static void
get_worksheet_orders(struct call *call, void *context)
{
    struct control *control = context;

    gathers_worksheet(control->gathers, call, false);
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

static void
put_many(struct call *call, void *context)
{
    many_do(context, call, control_dispatch);
}

static const struct route routes[] = {
    {.method = "GET", .pattern = "/health", .handle = get_health},
    {.method = "GET", .pattern = "/metrics", .handle = get_metrics},
    {.method = "GET", .pattern = "/events", .handle = get_events},
    {.method = "GET",
     .pattern = "/audit",
     .handle = get_audit,
     .query = "workshop by from to limit after"},
    {.method = "GET",
     .pattern = "/orders",
     .handle = get_orders,
     .query =
         "workshop limit after status needs_attention reason_code worksheet product_nr q from to"},
    {.method = "GET",
     .pattern = "/report",
     .handle = get_report,
     .query = "workshop from to by format"},
    {.method = "GET",
     .pattern = "/worksheets/{worksheet}",
     .handle = get_worksheet,
     .query = "workshop product_nr product_amount"},
    {.method = "GET",
     .pattern = "/worksheets/{worksheet}/orders",
     .handle = get_worksheet_orders,
     .query = "workshop limit after"},
    {.method = "PUT", .pattern = "/reload", .handle = put_reload},
    {.method = "PUT", .pattern = "/rekey", .handle = put_rekey},
    {.method = "POST", .pattern = "/seal", .handle = workshops_seal, .body = true},
    {.method = "GET", .pattern = "/recipes", .handle = recipes_get},
    {.method = "GET", .pattern = "/recipes/{recipe}", .handle = recipes_check},
    {.method = "GET", .pattern = "/workshops", .handle = get_workshops},
    {.method = "PUT", .pattern = "/workshops/start", .handle = put_many, .body = true},
    {.method = "PUT", .pattern = "/workshops/stop", .handle = put_many, .body = true},
    {.method = "PUT", .pattern = "/workshops/restart", .handle = put_many, .body = true},
    {.method = "PUT", .pattern = "/workshops/start_worker", .handle = put_many, .body = true},
    {.method = "PUT", .pattern = "/workshops/stop_worker", .handle = put_many, .body = true},
    {.method = "GET", .pattern = "/workshops/{workshop}", .handle = get_workshop},
    {.method = "PUT",
     .pattern = "/workshops/{workshop}",
     .handle = workshops_put,
     .query = "dry_run",
     .body = true},
    {.method = "DELETE",
     .pattern = "/workshops/{workshop}",
     .handle = workshops_delete,
     .query = "force"},
    {.method = "PUT", .pattern = "/workshops/{workshop}/activate", .handle = workshops_activate},
    {.method = "PUT",
     .pattern = "/workshops/{workshop}/deactivate",
     .handle = workshops_deactivate},
    {.method = "PUT", .pattern = "/workshops/{workshop}/start", .handle = put_start},
    {.method = "PUT", .pattern = "/workshops/{workshop}/stop", .handle = put_stop},
    {.method = "PUT", .pattern = "/workshops/{workshop}/restart", .handle = put_restart},
    {.method = "PUT", .pattern = "/workshops/{workshop}/kill", .handle = put_kill},
    {.method = "GET",
     .pattern = "/workshops/{workshop}/logs",
     .handle = get_logs,
     .query = "lines"},
    {.method = "POST",
     .pattern = "/workshops/{workshop}/test",
     .handle = workshops_test,
     .body = true},
    {.method = "POST",
     .pattern = "/workshops/{workshop}/dry_run",
     .handle = workshops_dry_run,
     .body = true},
    {.method = "GET", .pattern = "/workshops/{workshop}/tokens", .handle = tokens_get},
    {.method = "POST",
     .pattern = "/workshops/{workshop}/tokens",
     .handle = tokens_post,
     .body = true},
    {.method = "DELETE", .pattern = "/workshops/{workshop}/tokens/{name}", .handle = tokens_delete},
    /* Whatever else is the workshop API's; its own table says what there is. */
    {.method = "GET",
     .pattern = "/workshops/{workshop}/*",
     .handle = forward,
     .query = ROUTE_ANY_QUERY,
     .body = true},
    {.method = "PUT",
     .pattern = "/workshops/{workshop}/*",
     .handle = forward,
     .query = ROUTE_ANY_QUERY,
     .body = true},
    {.method = "POST",
     .pattern = "/workshops/{workshop}/*",
     .handle = forward,
     .query = ROUTE_ANY_QUERY,
     .body = true},
    {.method = "DELETE",
     .pattern = "/workshops/{workshop}/*",
     .handle = forward,
     .query = ROUTE_ANY_QUERY,
     .body = true},
    {.method = "PATCH",
     .pattern = "/workshops/{workshop}/*",
     .handle = forward,
     .query = ROUTE_ANY_QUERY,
     .body = true}};

static bool
check_call(struct call *call, const struct route *route, void *context)
{
    record_call(context, call);
    return route_allows_body(route, call);
}

void
control_dispatch(struct call *call, struct control *control)
{
    route_dispatch(routes, sizeof routes / sizeof *routes, call, check_call, control);
}
