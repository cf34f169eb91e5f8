/* Shows orders, and repairs those in error. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/json/text.h"
#include "common/order/reason.h"
#include "worker/api/internal.h"
#include "worker/delivery/policy.h"

#define NOTE_MAX 1024

/* Reads the order or replies with the error. */
static bool
get_order(struct call *call, struct api *api, const char *uniqueid, struct order *order)
{
    struct err err;
    int found = queue_get(api->setup.queue, uniqueid, order, &err);

    if (found < 0)
        api_unavailable(call, &err);
    else if (!found)
        api_unknown_order(call);
    return found > 0;
}

void
api_order_status(struct call *call, void *context)
{
    struct api *api = context;
    char uniqueid[ORDER_VALUE_MAX + 1] = "";
    struct order order;
    int found = call_query(call, "uniqueid", uniqueid, sizeof uniqueid);

    if (found < 0) {
        api_bad_parameter(call, "uniqueid", "badly encoded or longer than 128 bytes");
    } else if (!*uniqueid) {
        json_t *fields = json_pack("[s]", "uniqueid");

        call_problem(call, 400, "missing_fields", fields, "uniqueid is missing");
    } else if (get_order(call, api, uniqueid, &order)) {
        call_reply(call, 200, order_json(&order, api->setup.workshop->name));
    }
}

void
api_order(struct call *call, void *context)
{
    struct api *api = context;
    struct order order;

    if (get_order(call, api, call->params[0], &order))
        call_reply(call, 200, order_json(&order, api->setup.workshop->name));
}

/* After a change that is only allowed for an order in error. */
static void
reply_change(struct call *call, struct api *api, int changed, const struct order *order,
             const struct err *err)
{
    if (changed < 0) {
        api_unavailable(call, err);
    } else if (!changed) {
        call_problem(call, 409, "not_in_error", NULL,
                     "only an order in error can be changed; this order is %s",
                     order_status_name(order->status));
    } else {
        log_each(LOG_INFO, LOG_API, order->uniqueid, "error -> %s, by %s",
                 *order->written_off ? "written off" : order_status_name(order->status),
                 call->by.who);
        delivery_wake(api->setup.delivery);
        api->setup.changed(api->setup.arg);
        call_reply(call, 200, order_json(order, api->setup.workshop->name));
    }
}

/* On another worksheet the look-up would not find the line, and it would be created twice. */
static bool
hides_a_line(const struct api *api, const struct order *was, const struct order *now)
{
    return api->setup.looks_in_worksheet && was->status == ORDER_ERROR &&
           strcmp(was->worksheet, now->worksheet) && policy_line_may_exist(was);
}

void
api_retry(struct call *call, void *context)
{
    struct api *api = context;
    struct order_faults faults;
    struct order order, was;
    struct err err;

    if (!get_order(call, api, call->params[0], &order))
        return;
    was = order;
    if (order_parse_corrections(call->body, call->body_length, &order, &faults))
        api_faults(call, &faults);
    else if (hides_a_line(api, &was, &order))
        call_problem(call, 409, REASON_OUTCOME_UNKNOWN, NULL,
                     "the line may already be on worksheet %s, and a retry on another worksheet "
                     "would not find it: retry the order unchanged, or resolve it",
                     was.worksheet);
    else
        reply_change(call, api,
                     order.status == ORDER_ERROR
                         ? queue_retry(api->setup.queue, &order, api->setup.looks_in_worksheet,
                                       &call->by, &err)
                         : 0,
                     &order, &err);
}

/* White space alone is not a note. */
static bool
is_missing(const json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);
    const char *text = json_string_value(value);

    return !value || (text && !text[strspn(text, " \t\r\n")]);
}

/* Without a note, it would be unknown later why an order without a line of ours is `created`, or
 * why it was never billed. */
static bool
check_note(struct call *call, const json_t *body, const char *also)
{
    const char *text = json_string_value(json_object_get(body, "note"));
    json_t *missing = json_array();

    if (also && is_missing(body, also))
        json_array_append_new(missing, json_string(also));
    if (is_missing(body, "note"))
        json_array_append_new(missing, json_string("note"));
    if (json_array_size(missing)) {
        call_problem(call, 400, "missing_fields", missing, "%s",
                     also ? "reason and note are required: say why it is never billed"
                          : "note is missing: say how the order was entered");
        return false;
    }
    json_decref(missing);
    if (!text || strlen(text) > NOTE_MAX)
        call_problem(call, 400, "invalid_fields", json_pack("[s]", "note"),
                     "note must be a string of at most %d bytes", NOTE_MAX);
    else if (json_object_size(body) > (also ? 2 : 1))
        call_problem(call, 400, "invalid_fields", NULL,
                     "the only members allowed in the body are %s%snote", also ? also : "",
                     also ? " and " : "");
    else
        return true;
    return false;
}

/* The note is the body's. also: the name of another member that it must have, or NULL. */
static bool
read_note(struct call *call, json_t **body, const char *also, const char **note)
{
    struct err err;

    *body = call->body_length ? json_text_read(call->body, call->body_length, 0, &err) : NULL;
    if (call->body_length && !json_is_object(*body)) {
        call_problem(call, 400, "invalid_json", NULL, "the body must be a JSON object");
        return false;
    }
    *note = json_string_value(json_object_get(*body, "note"));
    return check_note(call, *body, also);
}

void
api_resolve(struct call *call, void *context)
{
    struct api *api = context;
    struct order order;
    const char *note;
    json_t *body = NULL;
    struct err err;

    if (!get_order(call, api, call->params[0], &order))
        return;
    if (order.status != ORDER_ERROR)
        reply_change(call, api, 0, &order, NULL);
    else if (read_note(call, &body, NULL, &note))
        reply_change(call, api, queue_resolve(api->setup.queue, &order, note, &call->by, &err),
                     &order, &err);
    json_decref(body);
}

void
api_write_off(struct call *call, void *context)
{
    struct api *api = context;
    const char *note, *reason;
    json_t *body = NULL;
    struct order order;
    struct err err;

    if (!get_order(call, api, call->params[0], &order))
        return;
    if (order.status != ORDER_ERROR) {
        reply_change(call, api, 0, &order, NULL);
    } else if (read_note(call, &body, "reason", &note)) {
        reason = json_string_value(json_object_get(body, "reason"));
        if (reason && order_write_off_valid(reason))
            reply_change(call, api,
                         queue_write_off(api->setup.queue, &order, reason, note, &call->by, &err),
                         &order, &err);
        else
            call_problem(call, 400, "invalid_fields", json_pack("[s]", "reason"),
                         "reason must be spill, test, warranty or other");
    }
    json_decref(body);
}
