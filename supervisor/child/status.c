#include "supervisor/child/status.h"

#include <stdlib.h>

#include "common/base/err.h"

static json_int_t
number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void
copy_text(char *to, size_t size, const json_t *object, const char *name)
{
    text_copy(to, size, json_string_value(json_object_get(object, name)) ?: "");
}

void
child_status_set(struct child_status *status, const json_t *alive)
{
    const json_t *orders = json_object_get(alive, "orders");

    child_status_clear(status);
    status->alive = json_dumps(alive, JSON_COMPACT);
    if (!status->alive)
        die_abort("cannot write a status as JSON");
    copy_text(status->worker, sizeof status->worker, alive, "worker");
    copy_text(status->worker_reason, sizeof status->worker_reason, alive, "worker_reason");
    status->queue_length = number(alive, "queue_length");
    status->needs_attention = number(alive, "needs_attention");
    status->oldest_placed_age_s = number(alive, "oldest_placed_age_s");
    status->uptime_s = json_object_get(alive, "uptime_s") ? number(alive, "uptime_s") : -1;
    for (int order = ORDER_PLACED; order <= ORDER_ERROR; order++)
        status->orders[order] = number(orders, order_status_name((enum order_status)order));
}

void
child_status_clear(struct child_status *status)
{
    free(status->alive);
    *status = (struct child_status){0};
}
