/* A call of the workshop API that is answered at once, and its reply. */
#ifndef TEST_WORKER_ASKING_H
#define TEST_WORKER_ASKING_H

#include <stdio.h>
#include <string.h>

#include "worker/api/api.h"

struct seen {
    int status;
    char type[64], body[1024];
};

static void
take_reply(struct call *call, int status, const char *content_type, const char *body, size_t length)
{
    struct seen *seen = call->carrier;

    seen->status = status;
    snprintf(seen->type, sizeof seen->type, "%s", content_type);
    snprintf(seen->body, sizeof seen->body, "%.*s", (int)length, body);
}

/* body NULL: no body. */
static inline struct seen
ask(struct api *api, const char *method, const char *target, const char *body, bool trusted)
{
    struct seen seen = {.status = 0};
    struct call *call = call_new(method, target, body, body ? strlen(body) : 0,
                                 body ? "application/json" : NULL, NULL);

    call->host = mem_string("localhost");
    call->carrier = &seen;
    call->send = take_reply;
    call->trusted = trusted;
    api_handle(call, api);
    assert_true(seen.status != 0);
    return seen;
}

#endif
