/* The API of a workshop with the scripted driver, and a call of it that is answered at once. */
#ifndef TEST_WORKER_ASKING_H
#define TEST_WORKER_ASKING_H

#include <stdio.h>
#include <string.h>

#include "test/unit/worker/scripted.h"
#include "worker/api/api.h"

static inline struct api *
api_of(struct scripted *s, bool looks_in_worksheet)
{
    s->workshop.erp_system = "scripted";
    return api_new(&(struct api_setup){.base = s->base,
                                       .queue = s->f.queue,
                                       .delivery = s->delivery,
                                       .workshop = &s->workshop,
                                       .looks_in_worksheet = looks_in_worksheet,
                                       .changed = on_changed,
                                       .arg = s});
}

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
