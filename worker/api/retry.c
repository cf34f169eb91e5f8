/* POST /orders/retry: named orders, or those that a filter finds, in steps. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/text_value.h"
#include "worker/api/internal.h"

#define STEP_ORDERS 100  /* placed again in one transaction */
#define ORDERS_MAX 10000 /* in one call: bounds the memory and the reply */

struct api_retry {
    struct api_scan scan; /* first; of a filter */
    TAILQ_ENTRY(api_retry) link;
    char **uniqueids;
    size_t count, size, expected, done, placed;
    json_t *results;
};

static void
add(struct api_retry *retry, char *uniqueid)
{
    if (retry->count == retry->size) {
        retry->size = retry->size ? retry->size * 2 : 64;
        retry->uniqueids = mem_resize(retry->uniqueids, retry->size * sizeof *retry->uniqueids);
    }
    retry->uniqueids[retry->count++] = uniqueid;
}

static void
forget(struct api_retry *retry)
{
    while (retry->count)
        free(retry->uniqueids[--retry->count]);
}

static void
retry_free(struct api_retry *retry)
{
    forget(retry);
    free(retry->uniqueids);
    json_decref(retry->results);
    free(retry);
}

/* --- placing --- */

static void
note_result(struct api_retry *retry, const char *uniqueid, enum queue_retried result)
{
    static const char *const names[] = {[QUEUE_RETRIED] = "placed",
                                        [QUEUE_NOT_IN_ERROR] = "not_in_error",
                                        [QUEUE_NOT_FOUND] = "not_found"};

    retry->placed += result == QUEUE_RETRIED;
    json_array_append_new(retry->results,
                          json_pack("{s:s s:s}", "uniqueid", uniqueid, "result", names[result]));
}

static void
reply(struct api_retry *retry)
{
    struct api *api = retry->scan.api;

    log_info("POST /orders/retry: placed %zu order%s again, by %s", retry->placed,
             plural((long long)retry->placed), retry->scan.call->by.who);
    call_reply(retry->scan.call, 200,
               json_pack("{s:s s:I s:O}", "workshop", api->setup.workshop->name, "placed",
                         (json_int_t)retry->placed, "results", retry->results));
    delivery_wake(api->setup.delivery);
    api->setup.changed(api->setup.arg);
}

/* Whether it is done. */
static bool
place_some(struct api_retry *retry)
{
    size_t left = retry->count - retry->done, count = left < STEP_ORDERS ? left : STEP_ORDERS;

    if (count) {
        const char *const *uniqueids = (const char *const *)retry->uniqueids + retry->done;
        enum queue_retried results[STEP_ORDERS];
        struct err err;

        if (queue_retry_some(retry->scan.api->setup.queue, uniqueids, results, count,
                             &retry->scan.call->by, &err)) {
            api_unavailable(retry->scan.call, &err);
            return true;
        }
        for (size_t i = 0; i < count; i++)
            note_result(retry, uniqueids[i], results[i]);
    }
    retry->done += count;
    if (retry->done < retry->count)
        return false;
    reply(retry);
    return true;
}

static void
place(struct api_retry *retry)
{
    struct api *api = retry->scan.api;

    retry->results = json_array();
    if (place_some(retry)) {
        retry_free(retry);
        return;
    }
    TAILQ_INSERT_TAIL(&api->retries, retry, link);
    event_active(api->retry, EV_TIMEOUT, 0);
}

void
api_retry_step(evutil_socket_t fd, short what, void *context)
{
    struct api *api = context;
    struct api_retry *retry = TAILQ_FIRST(&api->retries);

    (void)fd;
    (void)what;
    TAILQ_REMOVE(&api->retries, retry, link);
    if (place_some(retry))
        retry_free(retry);
    else
        TAILQ_INSERT_HEAD(&api->retries, retry, link);
    if (!TAILQ_EMPTY(&api->retries))
        event_active(api->retry, EV_TIMEOUT, 0);
}

void
api_retry_end(struct api *api)
{
    struct api_retry *retry;

    while ((retry = TAILQ_FIRST(&api->retries))) {
        TAILQ_REMOVE(&api->retries, retry, link);
        api_unavailable(retry->scan.call, &api_stopping);
        retry_free(retry);
    }
}

/* --- of a filter --- */

static void
begin(struct api_scan *scan)
{
    forget((struct api_retry *)scan);
}

static bool
each(const struct order *order, void *arg)
{
    struct api_retry *retry = arg;

    retry->scan.over = retry->count == retry->expected;
    add(retry, mem_string(order->uniqueid));
    return !retry->scan.over;
}

/* They are found newest first; a worksheet's lines keep their order. */
static void
oldest_first(struct api_retry *retry)
{
    for (size_t i = 0, k = retry->count; i + 1 < k; i++) {
        char *other = retry->uniqueids[--k];

        retry->uniqueids[k] = retry->uniqueids[i];
        retry->uniqueids[i] = other;
    }
}

static void
end(struct api_scan *scan, const struct err *err)
{
    struct api_retry *retry = (struct api_retry *)scan;

    if (!err && retry->count == retry->expected) {
        oldest_first(retry);
        place(retry);
        return;
    }
    if (err)
        api_unavailable(scan->call, err);
    else
        call_problem(scan->call, 409, "count_changed", NULL,
                     "the filter matches %s%zu order%s, not %zu as expected: list them again",
                     scan->over ? "at least " : "", retry->count, plural((long long)retry->count),
                     retry->expected);
    retry_free(retry);
}

/* --- the body --- */

static void
refuse(struct call *call, const char *field, const char *detail)
{
    call_problem(call, 400, "invalid_fields", json_pack("[s]", field), "%s %s", field, detail);
}

static bool
take_uniqueids(struct call *call, struct api_retry *retry, const json_t *names)
{
    size_t i;
    json_t *name;

    if (!json_array_size(names)) {
        refuse(call, "uniqueids", "must be an array of at least one string");
        return false;
    }
    json_array_foreach(names, i, name)
    {
        if (!json_is_string(name)) {
            refuse(call, "uniqueids", "must be an array of strings");
            return false;
        }
        add(retry, text_nfc(json_string_value(name)));
    }
    return true;
}

static bool
take_filter(struct call *call, struct api_retry *retry, const json_t *body)
{
    const json_t *filter = json_object_get(body, "filter"),
                 *expected = json_object_get(body, "expected");
    struct err err;

    if (!json_is_object(filter)) {
        refuse(call, "filter", "must be an object with members of GET /orders");
    } else if (!json_is_integer(expected) || json_integer_value(expected) < 0 ||
               json_integer_value(expected) > ORDERS_MAX) {
        refuse(call, "expected", "must be the number of orders that match, at most 10000");
    } else if (find_filter_json(filter, &retry->scan.filter, &err)) {
        call_problem(call, 400, "invalid_fields", json_pack("[s]", "filter"), "filter: %s %s",
                     err.code, err.text);
    } else {
        retry->expected = (size_t)json_integer_value(expected);
        return true;
    }
    return false;
}

/* Nothing but one of both. */
static bool
check_members(struct call *call, const json_t *body, bool named)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)body, name, value)
    {
        if (strcmp(name, "uniqueids") == 0 ||
            (!named && (strcmp(name, "filter") == 0 || strcmp(name, "expected") == 0)))
            continue;
        refuse(call, name, "is not a known member: give uniqueids, or filter and expected");
        return false;
    }
    if (named || json_object_get(body, "filter"))
        return true;
    call_problem(call, 400, "missing_fields", json_pack("[s]", "uniqueids"),
                 "give uniqueids, or filter with expected");
    return false;
}

void
api_retry_many(struct call *call, void *context)
{
    struct api_retry *retry;
    json_t *body = call_object(call);
    bool named = json_object_get(body, "uniqueids") != NULL;

    if (!body)
        return;
    retry = mem_alloc(sizeof *retry);
    retry->scan = (struct api_scan){.api = context,
                                    .call = call,
                                    .looked_max = UINT32_MAX,
                                    .whole = true,
                                    .find = {.each = each},
                                    .begin = begin,
                                    .end = end};
    if (!check_members(call, body, named) ||
        !(named ? take_uniqueids(call, retry, json_object_get(body, "uniqueids"))
                : take_filter(call, retry, body)))
        retry_free(retry);
    else if (named)
        place(retry);
    else
        api_scan_start(&retry->scan);
    json_decref(body);
}
