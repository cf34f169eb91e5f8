#include "supervisor/monitoring/order_event.h"

#include <stdio.h>
#include <string.h>

#include "common/order/order.h"
#include "common/order/reason.h"

json_t *
order_event(const struct workshop_config *workshop, const char *text)
{
    size_t status_length = strcspn(text, " ");
    const char *reason = text[status_length] ? text + status_length + 1 : "";
    size_t reason_length = strcspn(reason, " ");
    const char *uniqueid = reason[reason_length] ? reason + reason_length + 1 : "";
    char status[16], code[32];

    if (status_length >= sizeof status || reason_length >= sizeof code || !*uniqueid)
        return NULL;
    snprintf(status, sizeof status, "%.*s", (int)status_length, text);
    snprintf(code, sizeof code, "%.*s", (int)reason_length, reason);
    if (!order_status_parse(status) || (strcmp(code, "-") && !reason_find(code)))
        return NULL;
    return json_pack("{ss ss ss ss ss?}", "workshop", workshop->name, "slug", workshop->slug,
                     "uniqueid", uniqueid, "status", status, "reason_code",
                     strcmp(code, "-") ? code : NULL);
}
