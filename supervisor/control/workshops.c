/* Routes that write a workshop's file (PUT, DELETE, activate, deactivate). */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/base/text_value.h"
#include "common/config/parts.h"
#include "common/config/sealed.h"
#include "supervisor/across/trials.h"
#include "supervisor/control/internal.h"
#include "supervisor/control/removal.h"
#include "supervisor/daemon/apply.h"
#include "supervisor/daemon/children.h"
#include "supervisor/daemon/document.h"
#include "supervisor/daemon/registry.h"

/* A document on its way to a workshop's file. */
struct put {
    struct control *control;
    struct call *call;
    struct child *child; /* NULL: a new workshop */
    char slug[CONFIG_SLUG_MAX + 1];
    json_t *document;
    json_t *recipe; /* borrowed: the loaded recipe, which stays in use; NULL: it is read */
    struct json_faults faults;
    bool changed; /* the slice has changed */
    bool dry_run;
    bool test; /* the connection, and no more */
};

static void
add_fault(struct put *put, const char *pointer, const char *text)
{
    char *file = registry_path(put->control->daemon->config, put->slug);

    json_fault_add(&put->faults, file, pointer, "%s", text);
    free(file);
}

/* A new workshop's slug is the one in the path, or made from the name there. */
static void
choose_slug(struct put *put, const char *name_or_slug)
{
    const char *name = json_string_value(json_object_get(put->document, "workshop"));

    if (config_slug_sound(name_or_slug)) {
        text_copy(put->slug, sizeof put->slug, name_or_slug);
        return;
    }
    document_slug(name_or_slug, put->slug);
    if (!*put->slug) {
        text_copy(put->slug, sizeof put->slug, "new");
        add_fault(put, "/workshop",
                  "has no letter or digit to derive a slug from: use a slug in the path");
    }
    if (name && !text_same(name, name_or_slug))
        add_fault(put, "/workshop", "differs from the name in the path");
    if (children_find(put->control->daemon, put->slug))
        add_fault(put, "/workshop", "yields the slug of another workshop: use a slug in the path");
}

/* If the file already says so, with its secrets sealed, it is not rewritten. */
static bool
write_file(struct put *put, const struct workshop_config *workshop)
{
    const struct daemon *daemon = put->control->daemon;
    struct err err;

    if (put->child && json_equal(put->child->workshop->document, workshop->document) &&
        registry_is_written(daemon->config, put->slug))
        return true;
    if (registry_write(daemon->config, workshop, &err) == 0) {
        log_about(LOG_INFO, workshop->name, "configuration written");
        return true;
    }
    log_about(LOG_ERROR, workshop->name, "%s", err.text);
    control_not_written(put->call, &err);
    return false;
}

/* Checked, on disk, in memory, in this order. False: replied, nothing has changed. */
static bool
store(struct put *put)
{
    struct daemon *daemon = put->control->daemon;
    struct workshop_config *workshop = registry_propose(daemon->config, &daemon->keys, put->slug,
                                                        put->document, put->recipe, &put->faults);

    if (!workshop) {
        control_refuse_faults(put->call, &put->faults);
    } else if (!write_file(put, workshop)) {
        workshop_config_free(workshop);
    } else {
        put->changed = !put->child || !workshop_config_equal(put->child->workshop, workshop);
        put->child = apply_workshop(daemon, workshop);
        return true;
    }
    return false;
}

/* An edit of the file that was not read yet would be lost. */
static bool
refuse_unread(const struct put *put)
{
    const struct daemon *daemon = put->control->daemon;

    if (registry_in_step(daemon->config, &daemon->keys, put->slug))
        return false;
    call_problem(put->call, 409, "file_changed", NULL,
                 "%s.json was edited by hand after it was loaded: PUT /reload first", put->slug);
    return true;
}

static void
put_clear(struct put *put)
{
    json_decref(put->document);
    json_faults_clear(&put->faults);
}

bool
workshops_change(struct control *control, struct child *child, json_t *document, struct call *call)
{
    struct put put = {.control = control,
                      .call = call,
                      .child = child,
                      .document = document,
                      .recipe = child->workshop->recipe};
    bool done;

    if (!control_sound(child, call)) {
        json_decref(document);
        return false;
    }
    text_copy(put.slug, sizeof put.slug, child->workshop->slug);
    done = !refuse_unread(&put) && store(&put);
    put_clear(&put);
    return done;
}

/* What a PUT would do; nothing is written or applied. */
static void
check_only(struct put *put)
{
    const struct daemon *daemon = put->control->daemon;
    struct workshop_config *workshop = registry_propose(daemon->config, &daemon->keys, put->slug,
                                                        put->document, put->recipe, &put->faults);
    bool changed;

    if (!workshop) {
        control_refuse_faults(put->call, &put->faults);
        return;
    }
    changed = !put->child || !workshop_config_equal(put->child->workshop, workshop);
    call_reply(put->call, 200,
               json_pack("{ss ss sb sb sb so}", "workshop", workshop->name, "slug", workshop->slug,
                         "dry_run", 1, "created", !put->child, "changed", changed, "configuration",
                         workshop_config_public(workshop)));
    workshop_config_free(workshop);
}

/* A changed configuration also starts a workshop that was stopped by hand, if it is active. */
static void
settle(struct put *put, bool created)
{
    struct child *child = put->child;

    if (put->changed && child->workshop->active && child->wanted == CHILD_DOWN)
        child_start(child);
    control_show_version(child, put->call);
    commands_do(put->control->commands, COMMAND_CONFIGURE, child, put->call,
                json_pack("{sb}", "created", created));
}

/* Checked as it would be stored, and tried out. */
static void
test_only(struct put *put)
{
    struct daemon *daemon = put->control->daemon;
    struct workshop_config *workshop = registry_propose(daemon->config, &daemon->keys, put->slug,
                                                        put->document, NULL, &put->faults);

    if (workshop)
        trials_begin(put->control->trials, workshop, NULL, put->call);
    else
        control_refuse_faults(put->call, &put->faults);
}

static void
put_new(struct put *put, const char *name_or_slug)
{
    choose_slug(put, name_or_slug);
    if (put->test) {
        test_only(put);
        return;
    }
    if (!put->faults.count && refuse_unread(put))
        return;
    if (put->dry_run)
        check_only(put);
    else if (store(put))
        settle(put, true);
}

static void
put_again(struct put *put)
{
    const struct workshop_config *before = put->child->workshop;
    json_t *sent = put->document;

    text_copy(put->slug, sizeof put->slug, before->slug);
    put->document = document_complete(sent, before->document);
    json_decref(sent);
    if (put->test)
        test_only(put);
    else if (put->dry_run)
        check_only(put);
    else if (store(put))
        settle(put, false);
}

/* Nothing without a document: it has been replied to. */
static void
put_begin(struct put *put)
{
    if (!put->document)
        return;
    if (put->child)
        put_again(put);
    else
        put_new(put, put->call->params[0]);
    put_clear(put);
}

void
workshops_put(struct call *call, void *context)
{
    struct control *control = context;
    struct put put = {.control = control, .call = call};
    int dry_run = control_accepts(control, call) ? call_query_truth(call, "dry_run") : -1;

    if (dry_run < 0)
        return;
    put.dry_run = dry_run;
    put.child = children_find(control->daemon, call->params[0]);
    put.document = control_matches(put.child, call) ? call_object(call) : NULL;
    put_begin(&put);
}

/* The saved configuration, where the body says no other. */
static void
test_saved(struct control *control, struct call *call)
{
    struct child *child = control_find(control, call);

    if (!child || !control_sound(child, call))
        return;
    trials_begin(control->trials, workshop_config_copy(child->workshop), NULL, call);
}

void
workshops_test(struct call *call, void *context)
{
    struct control *control = context;
    struct put put = {.control = control, .call = call, .test = true};

    if (!control_accepts(control, call))
        return;
    if (!call->body_length) {
        test_saved(control, call);
        return;
    }
    put.child = children_find(control->daemon, call->params[0]);
    put.document = call_object(call);
    put_begin(&put);
}

static bool
write_active(struct control *control, struct child *child, bool active, struct call *call)
{
    json_t *document = json_deep_copy(child->workshop->document);

    json_object_set_new(document, "active", json_boolean(active));
    return workshops_change(control, child, document, call);
}

/* On disk before the child acts. */
static void
set_active(struct control *control, struct call *call, enum command command)
{
    struct child *child = control_accepts(control, call) ? control_find(control, call) : NULL;
    bool active = command == COMMAND_ACTIVATE, was_active = child && child->workshop->active;
    json_t *first;

    if (!child || !control_sound(child, call) || !control_matches(child, call))
        return;
    first = json_pack("{sb sb}", "was_active", was_active, "was_running", child->pid != 0);
    if (was_active == active || write_active(control, child, active, call))
        commands_do(control->commands, command, child, call, first);
    else
        json_decref(first);
}

void
workshops_activate(struct call *call, void *context)
{
    set_active(context, call, COMMAND_ACTIVATE);
}

void
workshops_deactivate(struct call *call, void *context)
{
    set_active(context, call, COMMAND_DEACTIVATE);
}

void
workshops_delete(struct call *call, void *context)
{
    struct control *control = context;
    struct child *child = control_accepts(control, call) ? control_find(control, call) : NULL;
    int force = child && control_sound(child, call) && control_matches(child, call)
                    ? call_query_truth(call, "force")
                    : -1;

    if (force >= 0)
        removals_begin(control->removals, child, force, call);
}
