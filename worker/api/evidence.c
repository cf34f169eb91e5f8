/* The history of an order, and its screenshots and page sources. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/ipc/reply_body.h"
#include "worker/api/internal.h"
#include "worker/delivery/evidence.h"

/* Reads the history, or replies with the error. */
static json_t *
get_history(struct call *call, struct api *api)
{
    json_t *history = NULL;
    struct err err;
    int found = queue_history(api->setup.queue, call->params[0], &history, &err);

    if (found > 0)
        return history;
    if (found < 0)
        api_unavailable(call, &err);
    else
        api_unknown_order(call);
    if (!found)
        json_decref(history);
    return NULL;
}

static void
times_to_text(json_t *history)
{
    for (size_t i = 0; i < json_array_size(history); i++) {
        json_t *entry = json_array_get(history, i);
        char text[CLOCK_TEXT_BYTES];

        clock_text(json_integer_value(json_object_get(entry, "at")), text);
        json_object_set_new(entry, "at", json_string(text));
    }
}

void
api_history(struct call *call, void *context)
{
    struct api *api = context;
    json_t *history = get_history(call, api);

    if (!history)
        return;
    times_to_text(history);
    call_reply(call, 200,
               json_pack("{s:s s:s s:o}", "workshop", api->setup.workshop->name, "uniqueid",
                         call->params[0], "history", history));
}

static bool
is_named(const json_t *history, const char *name)
{
    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *names = json_object_get(json_array_get(history, i), "evidence");

        for (size_t k = 0; k < json_array_size(names); k++)
            if (strcmp(json_string_value(json_array_get(names, k)), name) == 0)
                return true;
    }
    return false;
}

/* A page is served as text: its scripts must not run in our origin. */
static void
reply_file(struct call *call, const char *name, const char *bytes, size_t length)
{
    size_t stem = strlen(name) - strlen(".png");
    bool picture = strcmp(name + stem, ".png") == 0;

    call_header(call, "X-Content-Type-Options", "nosniff");
    call_reply_text(call, 200, picture ? "image/png" : "text/plain; charset=utf-8", bytes, length);
}

/* A path would be trusted by its reader, who may be root. */
static void
refuse_by_channel(struct call *call)
{
    call_problem(call, 406, "not_by_socket", NULL,
                 "too large for the control socket: get it from the workshop's own port, or read "
                 "evidence/%s in the queue's folder",
                 call->params[1]);
}

void
api_evidence(struct call *call, void *context)
{
    struct api *api = context;
    const char *folder = queue_folder(api->setup.queue);
    json_t *history = get_history(call, api);
    char *bytes = NULL;
    size_t length;

    if (!history)
        return;
    if (!is_named(history, call->params[1]))
        call_problem(call, 404, "unknown_evidence", NULL,
                     "the order's history does not name this file");
    else if (evidence_read(folder, call->params[1], &bytes, &length))
        call_problem(call, 404, "evidence_gone", NULL, "this file has been deleted");
    else if (call->trusted && length > REPLY_BODY_OTHER_MAX)
        refuse_by_channel(call);
    else
        reply_file(call, call->params[1], bytes, length);
    free(bytes);
    json_decref(history);
}
