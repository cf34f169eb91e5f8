/* Refusals that several routes share. */
#include "worker/api/internal.h"

const struct err api_stopping = {"stopping", "this workshop is stopping"};

void
api_unavailable(struct call *call, const struct err *err)
{
    call_header(call, "Retry-After", "5");
    call_problem(call, 503, err->code, NULL, "%s", err->text);
}

void
api_faults(struct call *call, struct order_faults *faults)
{
    call_problem(call, 400, faults->code, json_incref(faults->fields), "%s", faults->detail);
    order_faults_clear(faults);
}

void
api_unknown_order(struct call *call)
{
    call_problem(call, 404, "unknown_order", NULL, "no order has this uniqueid");
}

void
api_bad_parameter(struct call *call, const char *name, const char *detail)
{
    json_t *fields = json_pack("[s]", name);

    call_problem(call, 400, "invalid_parameter", fields, "%s %s", name, detail);
}
