/* Calls on their way through a child. */
#include "supervisor/control/forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/ipc/reply_body.h"

struct forward {
    TAILQ_ENTRY(forward) link;
    struct forwards *forwards;
    const struct child *child;
    struct call *call;
    json_t *held; /* the message; NULL: it was sent */
    json_int_t id;
    struct event *timer;
};

struct forwards {
    struct event_base *base;
    json_int_t last_id;
    TAILQ_HEAD(, forward) open;
};

json_t *
forward_message(json_int_t id, const struct call *call)
{
    char *target =
        mem_format("/%s%s%s", call->tail, call->query ? "?" : "", call->query ? call->query : "");
    json_t *message = json_pack("{ss sI ss ss ss? ss%}", "type", "call", "id", id, "method",
                                call->method, "target", target, "content_type", call->content_type,
                                "body", call->body, call->body_length);

    if (message && *call->by.via)
        json_object_set_new(message, "by", author_json(&call->by));
    free(target);
    return message;
}

/* The reply is written as it is, so header values that could end it early, or start another one,
 * are dropped. */

static bool
is_plain(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return !*text;
}

static bool
is_known_header(const char *name)
{
    static const char *const known[] = {"Allow", "Retry-After",         "WWW-Authenticate",
                                        "ETag",  "Content-Disposition", "X-Content-Type-Options"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

static bool
is_status(json_int_t status, size_t length)
{
    bool bare = status == 204 || status == 205 || status == 304;

    return status >= 200 && status <= 599 && !(bare && length);
}

void
forward_answer(struct call *call, const json_t *reply)
{
    const char *type = NULL, *name = NULL, *value = NULL;
    json_int_t status = 0;
    size_t length = 0;
    char *body = reply_body_get(reply, &length);

    if (!body ||
        json_unpack((json_t *)reply, "{sI s?s s?[ss]}", "status", &status, "content_type", &type,
                    "header", &name, &value) ||
        !is_status(status, length) || (type && !is_plain(type)) ||
        (name && (!is_known_header(name) || !is_plain(value)))) {
        free(body);
        call_problem(call, 502, "bad_reply", NULL, "invalid reply from the workshop's process");
        return;
    }
    if (name && value)
        call_header(call, name, value);
    call_reply_owned(call, (int)status, type && *type ? type : NULL, body, length);
}

/* Removes it from the list and returns it to the caller. */
static struct call *
take(struct forward *forward)
{
    struct call *call = forward->call;

    TAILQ_REMOVE(&forward->forwards->open, forward, link);
    event_free(forward->timer);
    json_decref(forward->held);
    free(forward);
    return call;
}

static void
refuse_not_running(struct call *call, const struct child *child)
{
    call_problem(
        call, 503, "not_running", NULL,
        "the workshop's process is not running: check pumplinectl status, or start it with "
        "pumplinectl %s %s",
        child->workshop->active ? "start" : "activate", child->workshop->slug);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
    struct forward *forward = arg;
    const struct child *child = forward->child;

    (void)fd;
    (void)what;
    if (forward->held) {
        refuse_not_running(take(forward), child);
        return;
    }
    call_problem(take(arg), 504, "unresponsive", NULL,
                 "no reply from the workshop's process within %d s", FORWARD_PATIENCE_MS / 1000);
}

/* held: the message, if it waits for a process. */
static void
keep(struct forwards *forwards, const struct child *child, struct call *call, json_t *held)
{
    struct forward *forward = mem_alloc(sizeof *forward);
    struct timeval patience = clock_timeval(FORWARD_PATIENCE_MS);

    *forward = (struct forward){.forwards = forwards,
                                .child = child,
                                .call = call,
                                .held = json_incref(held),
                                .id = forwards->last_id};
    forward->timer = loop_timer(forwards->base, on_late, forward);
    loop_add(forward->timer, &patience);
    TAILQ_INSERT_TAIL(&forwards->open, forward, link);
}

/* There is a process that will soon serve, or its successor will. */
static bool
is_coming(const struct child *child)
{
    return child->wanted == CHILD_UP &&
           (child->state == CHILD_STARTING || child->state == CHILD_STOPPING);
}

void
forwards_send(struct forwards *forwards, struct child *child, struct call *call)
{
    json_t *message = forward_message(++forwards->last_id, call);

    if (!message)
        call_problem(call, 400, "invalid_json", NULL, "the request is not valid UTF-8");
    else if (child_send(child, message))
        keep(forwards, child, call, NULL);
    else if (is_coming(child))
        keep(forwards, child, call, message);
    else
        refuse_not_running(call, child);
    json_decref(message);
}

void
forwards_replied(struct forwards *forwards, const struct child *child, const json_t *reply)
{
    json_int_t id = json_integer_value(json_object_get(reply, "id"));
    struct forward *forward;

    TAILQ_FOREACH(forward, &forwards->open, link)
        if (forward->id == id && forward->child == child) {
            forward_answer(take(forward), reply);
            return;
        }
}

/* A waiting call is sent, goes on waiting, or is refused like those whose channel has closed. */
static void
look_at(struct forward *forward, struct child *child)
{
    if (forward->held && child_send(child, forward->held)) {
        json_decref(forward->held);
        forward->held = NULL;
    } else if (forward->held ? !is_coming(child) : !child->chan) {
        refuse_not_running(take(forward), child);
    }
}

void
forwards_changed(struct forwards *forwards, struct child *child)
{
    struct forward *forward = TAILQ_FIRST(&forwards->open);

    while (forward) {
        struct forward *next = TAILQ_NEXT(forward, link);

        if (forward->child == child)
            look_at(forward, child);
        forward = next;
    }
}

struct forwards *
forwards_new(struct event_base *base)
{
    struct forwards *forwards = mem_alloc(sizeof *forwards);

    forwards->base = base;
    TAILQ_INIT(&forwards->open);
    return forwards;
}

void
forwards_free(struct forwards *forwards)
{
    struct forward *forward;

    while ((forward = TAILQ_FIRST(&forwards->open))) {
        const struct child *child = forward->child;

        refuse_not_running(take(forward), child);
    }
    free(forwards);
}
