/* Refusals that several routes share. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/control/internal.h"
#include "supervisor/daemon/children.h"
#include "supervisor/monitoring/view.h"

struct child *
control_find(const struct control *control, struct call *call)
{
    struct child *child = children_find(control->daemon, call->params[0]);

    if (!child)
        call_problem(call, 404, "unknown_workshop", NULL, "no such workshop: \"%s\"",
                     call->params[0]);
    return child;
}

bool
control_accepts(const struct control *control, struct call *call)
{
    if (control->daemon->stopping)
        call_problem(call, 503, "stopping", NULL, "the daemon is stopping");
    return !control->daemon->stopping;
}

bool
control_sound(const struct child *child, struct call *call)
{
    json_t *problem;

    if (!child_is_faulty(child))
        return true;
    problem = problem_json(409, "bad_configuration", NULL,
                           "invalid configuration: correct the workshop's file and PUT /reload, or "
                           "PUT a new configuration");
    json_object_set_new(problem, "faults", json_faults_json(&child->workshop->faults));
    call_problem_json(call, problem);
    return false;
}

/* where: of the faults, and what follows from them. */
static void
refuse(struct call *call, const struct json_faults *faults, const char *where)
{
    char *detail =
        mem_format("%zu fault%s in the %s", faults->count, plural((long long)faults->count), where);
    json_t *problem = problem_json(400, "bad_configuration", NULL, detail);

    json_object_set_new(problem, "faults", json_faults_json(faults));
    call_problem_json(call, problem);
    free(detail);
}

void
control_refuse_faults(struct call *call, const struct json_faults *faults)
{
    refuse(call, faults, "configuration; nothing was changed");
}

void
control_refuse_request(struct call *call, const struct json_faults *faults)
{
    refuse(call, faults, "request");
}

void
control_show_version(const struct child *child, struct call *call)
{
    char etag[VIEW_ETAG_BYTES];

    if (view_etag(child->workshop, etag))
        call_header(call, "ETag", etag);
}

/* RFC 9110, 13.1.1: a list of tags, of which a weak one never matches, or "*". */
static bool
names_version(const char *field, const char *etag)
{
    static const char separators[] = " \t,";
    size_t length;

    for (const char *at = field; *(at += strspn(at, separators)); at += length) {
        length = strcspn(at, separators);
        if ((length == 1 && *at == '*') ||
            (length == strlen(etag) && strncmp(at, etag, length) == 0))
            return true;
    }
    return false;
}

bool
control_matches(const struct child *child, struct call *call)
{
    char etag[VIEW_ETAG_BYTES] = "";

    if (!call->if_match)
        return true;
    if (child && view_etag(child->workshop, etag) && names_version(call->if_match, etag))
        return true;
    call_problem(call, 412, "precondition_failed", NULL,
                 child ? "the configuration has changed since you read it: GET it again"
                       : "no such workshop");
    return false;
}

void
control_not_written(struct call *call, const struct err *err)
{
    call_problem(call, 503, "not_written", NULL, "%s", err->text);
}
