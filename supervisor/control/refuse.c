/* Refusals that several routes share. */
#include <stdlib.h>

#include "supervisor/control/internal.h"
#include "supervisor/daemon/children.h"

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

void
control_refuse_faults(struct call *call, const struct json_faults *faults)
{
    char *detail = mem_format("%zu fault%s in the configuration; nothing was changed",
                              faults->count, faults->count == 1 ? "" : "s");
    json_t *problem = problem_json(400, "bad_configuration", NULL, detail);

    json_object_set_new(problem, "faults", json_faults_json(faults));
    call_problem_json(call, problem);
    free(detail);
}

void
control_not_written(struct call *call, const struct err *err)
{
    call_problem(call, 503, "not_written", NULL, "%s", err->text);
}
