#include "supervisor/across/query.h"

#include "common/http/call.h"
#include "supervisor/daemon/children.h"

#define NAME_BYTES 386

bool
query_workshop(const struct daemon *daemon, struct call *call, struct child **child)
{
    char name[NAME_BYTES];
    int found = call_query(call, "workshop", name, sizeof name);

    *child = found > 0 ? children_find(daemon, name) : NULL;
    if (!found || *child)
        return true;
    call_problem(call, 404, "unknown_workshop", NULL, "no such workshop: \"%s\"",
                 found > 0 ? name : "");
    return false;
}

bool
query_refuse(struct call *call, const char *name, const char *detail)
{
    call_problem(call, 400, "invalid_parameter", json_pack("[s]", name), "%s %s", name, detail);
    return false;
}
