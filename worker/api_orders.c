/* Looking at orders, and mending those in error. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json_text.h"
#include "common/log.h"
#include "worker/api_internal.h"
#include "worker/policy.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000
#define NOTE_MAX 1024

static void
bad_parameter(struct call *call, const char *name, const char *detail)
{
    json_t *fields = json_pack("[s]", name);

    call_problem(call, 400, "invalid_parameter", fields, "%s %s", name, detail);
}

/* A cursor is the seq of the last order of a page. */
static bool
parse_cursor(const char *text, uint64_t *seq)
{
    size_t length = strlen(text);

    if (length < 1 || length > 16 || text[strspn(text, "0123456789abcdef")])
        return false;
    *seq = strtoull(text, NULL, 16);
    return *seq != 0 && *seq != UINT64_MAX;
}

/* limit and after, or a reply that says what is wrong. */
static bool
page_parameters(struct call *call, struct queue_page *page)
{
    char cursor[32];
    int found = call_query(call, "after", cursor, sizeof cursor);

    page->limit = PAGE_DEFAULT;
    if (call_query_number(call, "limit", 1, PAGE_MAX, &page->limit)) {
        bad_parameter(call, "limit", "must be a whole number from 1 to 1000");
        return false;
    }
    if (found && (found < 0 || !parse_cursor(cursor, &page->after))) {
        bad_parameter(call, "after", "is no cursor: take it from the member next of a reply");
        return false;
    }
    return true;
}

struct listing {
    const char *workshop;
    json_t *orders;
};

static void
list_order(const struct order *order, void *arg)
{
    struct listing *listing = arg;

    json_array_append_new(listing->orders, order_json(order, listing->workshop));
}

static json_t *
cursor_json(uint64_t next)
{
    char text[17];

    if (!next)
        return json_null();
    snprintf(text, sizeof text, "%" PRIx64, next);
    return json_string(text);
}

/* Replies with {"workshop", [length], NAME: [order…], "next"}. */
static void
reply_page(struct call *call, struct api *api, struct queue_page *page, const char *name,
           bool with_length)
{
    struct listing listing = {api->setup.workshop->name, json_array()};
    json_t *reply = json_pack("{s:s}", "workshop", listing.workshop);
    struct err err;

    page->each = list_order;
    page->arg = &listing;
    if (queue_page(api->setup.queue, page, &err)) {
        json_decref(listing.orders);
        json_decref(reply);
        api_unavailable(call, &err);
        return;
    }
    if (with_length)
        json_object_set_new(reply, "length", json_integer(queue_length(api->setup.queue)));
    json_object_set_new(reply, name, listing.orders);
    json_object_set_new(reply, "next", cursor_json(page->next));
    call_reply(call, 200, reply);
}

void
api_queue(struct call *call, void *context)
{
    struct queue_page page = {.statuses = 1u << ORDER_PLACED | 1u << ORDER_PROCESSING};

    if (page_parameters(call, &page))
        reply_page(call, context, &page, "tasks", true);
}

void
api_orders(struct call *call, void *context)
{
    struct queue_page page = {.newest_first = true};
    char status[16] = "";
    int found = call_query(call, "status", status, sizeof status);

    if (found && (found < 0 || !order_status_parse(status))) {
        bad_parameter(call, "status", "must be placed, processing, created or error");
        return;
    }
    if (found)
        page.statuses = 1u << order_status_parse(status);
    if (page_parameters(call, &page))
        reply_page(call, context, &page, "orders", false);
}

/* Reads the order or replies with what is in the way. */
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
        bad_parameter(call, "uniqueid", "is badly encoded or longer than 128 bytes");
    } else if (!*uniqueid) {
        json_t *fields = json_pack("[s]", "uniqueid");

        call_problem(call, 400, "missing_fields", fields, "uniqueid is missing");
    } else if (get_order(call, api, uniqueid, &order)) {
        call_reply(call, 200, order_json(&order, api->setup.workshop->name));
    }
}

/* After a change that only an order in error allows. */
static void
reply_change(struct call *call, struct api *api, int changed, const struct order *order,
             const struct err *err)
{
    if (changed < 0) {
        api_unavailable(call, err);
    } else if (!changed) {
        call_problem(call, 409, "not_in_error", NULL,
                     "only an order in error can be changed; this one is %s",
                     order_status_name(order->status));
    } else {
        log_write(LOG_INFO, LOG_API, order->uniqueid, "error -> %s, by hand",
                  order_status_name(order->status));
        delivery_wake(api->setup.delivery);
        api->setup.changed(api->setup.arg);
        call_reply(call, 200, order_json(order, api->setup.workshop->name));
    }
}

/* Another worksheet would be looked up in vain, and the line be made a second time. */
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
        call_problem(call, 409, "outcome_unknown", NULL,
                     "the line may be on worksheet %s, and would not be looked for on another: try "
                     "it again as it is, or resolve it",
                     was.worksheet);
    else
        reply_change(call, api,
                     order.status == ORDER_ERROR ? queue_retry(api->setup.queue, &order,
                                                               api->setup.looks_in_worksheet, &err)
                                                 : 0,
                     &order, &err);
}

static bool
read_note(struct call *call, json_t **body, const char **note)
{
    struct err err;

    *note = NULL;
    *body = call->body_length ? json_text_read(call->body, call->body_length, 0, &err) : NULL;
    if (call->body_length && !json_is_object(*body)) {
        call_problem(call, 400, "invalid_json", NULL, "the body must be a JSON object");
        return false;
    }
    if (json_object_get(*body, "note"))
        *note = json_string_value(json_object_get(*body, "note"));
    if (json_object_get(*body, "note") && (!*note || strlen(*note) > NOTE_MAX)) {
        call_problem(call, 400, "invalid_fields", json_pack("[s]", "note"),
                     "note must be a string of at most %d bytes", NOTE_MAX);
        return false;
    }
    return true;
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
    if (read_note(call, &body, &note))
        reply_change(
            call, api,
            order.status == ORDER_ERROR ? queue_resolve(api->setup.queue, &order, note, &err) : 0,
            &order, &err);
    json_decref(body);
}
