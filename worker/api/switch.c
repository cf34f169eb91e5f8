/* Starting and stopping the worker. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/text_value.h"
#include "common/json/text.h"
#include "worker/api/internal.h"

/* What the body of stop_worker may say. */
struct stop {
    const char *reason; /* in the body */
    int64_t until_ms;
};

static void
reply_worker(struct call *call, struct api *api, bool was_running)
{
    call_reply(call, 200,
               json_pack("{s:s s:s s:b}", "workshop", api->setup.workshop->name, "worker",
                         delivery_state(api->setup.delivery), "was_running", was_running));
}

void
api_start_worker(struct call *call, void *context)
{
    struct api *api = context;
    bool was_running = strcmp(delivery_state(api->setup.delivery), "running") == 0;

    pause_end(api->pause);
    reply_worker(call, api, was_running);
}

/* What is wrong, or NULL. */
static const char *
read_reason(const json_t *value, struct stop *stop)
{
    const char *text = json_string_value(value);

    if (!text || strlen(text) > PAUSE_REASON_MAX || text_is_blank(text) ||
        text_value_wrong(text, strlen(text)))
        return "must be a string of 1 to 255 bytes, without control characters and without white "
               "space around it";
    stop->reason = text;
    return NULL;
}

static const char *
read_until(const json_t *value, struct stop *stop)
{
    const char *text = json_string_value(value);
    int64_t now_ms = clock_wall_ms();

    if (!text || clock_parse(text, &stop->until_ms))
        return "must be a time such as 2026-11-24T18:00:00Z";
    if (stop->until_ms <= now_ms)
        return "must be in the future";
    return stop->until_ms - now_ms > PAUSE_LONGEST_MS ? "must be within a year" : NULL;
}

static const struct {
    const char *name;
    const char *(*read)(const json_t *value, struct stop *stop);
} members[] = {{"reason", read_reason}, {"until", read_until}};

static const char *
read_member(const char *name, const json_t *value, struct stop *stop)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(members[i].name, name) == 0)
            return json_is_null(value) ? NULL : members[i].read(value, stop);
    return "is not a known member";
}

/* Reads the optional body, or replies with the error. */
static bool
read_stop(struct call *call, json_t **body, struct stop *stop)
{
    const char *name, *wrong;
    json_t *value;
    struct err err;

    *body = call->body_length ? json_text_read(call->body, call->body_length, 0, &err) : NULL;
    if (call->body_length && !json_is_object(*body)) {
        call_problem(call, 400, "invalid_json", NULL, "the body must be a JSON object");
        return false;
    }
    json_object_foreach(*body, name, value)
    {
        wrong = read_member(name, value, stop);
        if (!wrong)
            continue;
        call_problem(call, 400, "invalid_fields", json_pack("[s]", name), "%.64s %s", name, wrong);
        return false;
    }
    return true;
}

void
api_stop_worker(struct call *call, void *context)
{
    struct api *api = context;
    bool was_running = strcmp(delivery_state(api->setup.delivery), "stopped") != 0;
    struct stop stop = {"", 0};
    json_t *body;
    struct err err;

    if (read_stop(call, &body, &stop)) {
        if (pause_stop(api->pause, stop.reason, stop.until_ms, &err))
            api_unavailable(call, &err);
        else
            reply_worker(call, api, was_running);
    }
    json_decref(body);
}
