/* Commands on the channel. */
#include "worker/channel.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/ipc/chan.h"
#include "common/ipc/reply_body.h"
#include "worker/reports.h"

#define BYE_MS 1000     /* for the supervisor to read the remaining messages */
#define LAST_WORDS_MS 1 /* a turn of the loop, in which they are sent */

#define REPLIES_UNREAD_MAX (CHAN_BACKLOG_MAX - CHAN_LINE_MAX) /* so that any reply fits */
#define LARGE_BYTES (64u << 10) /* replies to calls that change something are shorter */

/* Carries a call's reply back over the channel. */
struct remote {
    struct channel *channel;
    json_int_t id;
};

/* In place of one that the supervisor would read too late; the caller frees it. */
static char *
too_many_text(void)
{
    json_t *problem =
        problem_json(503, "overloaded", NULL, "too many large replies at once: repeat the request");
    char *text = json_dumps(problem, JSON_COMPACT);

    json_decref(problem);
    return text;
}

static void
remote_send(struct call *call, int status, const char *content_type, const char *body,
            size_t length)
{
    struct remote *remote = call->carrier;
    char *refusal = NULL;
    json_t *message;

    if (length > LARGE_BYTES && chan_backlog(remote->channel->chan) > REPLIES_UNREAD_MAX) {
        call_header(call, "Retry-After", "1");
        status = 503;
        content_type = "application/problem+json";
        body = refusal = too_many_text();
        length = strlen(body);
    }
    message = json_pack("{s:s s:I s:i s:s}", "type", "reply", "id", remote->id, "status", status,
                        "content_type", content_type ? content_type : "");
    reply_body_set(message, content_type, body, length);
    if (*call->header_name)
        json_object_set_new(message, "header",
                            json_pack("[s, s]", call->header_name, call->header_value));
    chan_send(remote->channel->chan, message);
    json_decref(message);
    free(refusal);
    free(remote);
}

static const char *
text_of(const json_t *message, const char *name)
{
    return json_string_value(json_object_get(message, name));
}

/* --- a test of the connection --- */

static void
on_tried(const json_t *result, void *arg)
{
    struct channel *m = arg;
    struct timeval last_words = clock_timeval(LAST_WORDS_MS);
    char *text = json_dumps(result, JSON_COMPACT);
    json_t *message = json_pack("{s:s s:i s:i s:s s:s?}", "type", "reply", "id", 0, "status", 200,
                                "content_type", "application/json", "body", text);

    chan_send(m->chan, message);
    json_decref(message);
    free(text);
    event_base_loopexit(m->base, &last_words);
}

static int
start_trial(struct channel *m, const json_t *message, struct err *err)
{
    const struct trial_events events = {on_tried, report_on_kill_browsers, report_on_resolve, m};

    m->trial = trial_start(m->base, message, &events, err);
    return m->trial ? 0 : -1;
}

static void
do_config(struct channel *m, const json_t *message)
{
    const struct worker_events events = report_events(m);
    struct timeval last_words = clock_timeval(LAST_WORDS_MS);
    json_t *reply;
    struct err err;

    if (m->worker || m->trial)
        return;
    log_verbose(json_is_true(json_object_get(message, "verbose")));
    if (json_is_true(json_object_get(message, "reads")))
        log_quiet();
    m->watched = json_is_true(json_object_get(message, "watched"));
    if (json_is_true(json_object_get(message, "test"))) {
        if (start_trial(m, message, &err) == 0)
            return;
    } else {
        m->worker = worker_start(m->base, message, m->listen_fd, &events, &err);
    }
    if (m->worker && !worker_idle(m->worker))
        m->listen_fd = -1;
    if (m->worker && worker_reads(m->worker)) {
        report_ready(m);
        return;
    }
    if (m->worker && worker_idle(m->worker)) {
        report_maintained(m);
        return;
    }
    if (m->worker) {
        failpoint_here("channel.ready");
        report_on_status(-1, 0, m);
        report_ready(m);
        worker_tell_uses(m->worker);
        return;
    }
    log_error("cannot start: %s", err.text);
    m->exit_status = worker_exit_status(&err);
    reply = json_pack("{s:s s:s}", "type", "refused", "reason", err.text);
    chan_send(m->chan, reply);
    json_decref(reply);
    event_base_loopexit(m->base, &last_words);
}

static void
do_watch(struct channel *m, const json_t *message)
{
    m->watched = json_is_true(json_object_get(message, "on"));
    report_simple(m, "watching");
}

static void
do_ping(struct channel *m, const json_t *message)
{
    (void)message;
    report_alive(m);
}

/* A supervisor says who makes the call; one that does not say is root's. */
static void
do_call(struct channel *m, const json_t *message)
{
    const char *method = text_of(message, "method"), *target = text_of(message, "target");
    const json_t *body = json_object_get(message, "body");
    struct remote *remote;
    struct call *call;

    if (!m->worker || (worker_idle(m->worker) && !worker_reads(m->worker)) || !method || !target)
        return;
    remote = mem_alloc(sizeof *remote);
    *remote = (struct remote){m, json_integer_value(json_object_get(message, "id"))};
    call = call_new(method, target, json_string_value(body), json_string_length(body),
                    text_of(message, "content_type"), NULL);
    call->carrier = remote;
    call->send = remote_send;
    call->trusted = true;
    if (author_read(json_object_get(message, "by"), &call->by))
        author_set(&call->by, "root", AUTHOR_SOCKET);
    worker_call(m->worker, call);
}

static void
do_browsers_killed(struct channel *m, const json_t *message)
{
    unsigned ended = (unsigned)json_integer_value(json_object_get(message, "ended"));

    if (m->worker)
        worker_browsers_killed(m->worker, ended);
    if (m->trial)
        trial_browsers_killed(m->trial, ended);
}

static void
do_resolved(struct channel *m, const json_t *message)
{
    if (m->worker)
        worker_resolved(m->worker, message);
    if (m->trial)
        trial_resolved(m->trial, message);
}

static void
do_tokens(struct channel *m, const json_t *message)
{
    if (m->worker && !worker_idle(m->worker))
        worker_set_tokens(m->worker, json_object_get(message, "api_tokens"));
    report_simple(m, "tokens_set");
}

static void
do_stop(struct channel *m, const json_t *message)
{
    (void)message;
    channel_stop(m);
}

static const struct {
    const char *type;
    void (*run)(struct channel *m, const json_t *message);
} commands[] = {{"config", do_config},     {"ping", do_ping},
                {"call", do_call},         {"browsers_killed", do_browsers_killed},
                {"resolved", do_resolved}, {"tokens", do_tokens},
                {"watch", do_watch},       {"stop", do_stop}};

static void
on_message(json_t *message, void *arg)
{
    const char *type = text_of(message, "type");

    for (size_t i = 0; type && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].type, type) == 0) {
            commands[i].run(arg, message);
            return;
        }
}

/* The supervisor is gone: its successor starts workers of its own. */
static void
on_closed(void *arg)
{
    log_warning("the supervisor has exited; stopping");
    channel_stop(arg);
}

void
channel_stop(struct channel *m)
{
    if (!m->worker)
        event_base_loopbreak(m->base);
    else if (worker_idle(m->worker))
        report_maintained(m); /* maintenance is short, and no other process would do it */
    else
        worker_stop(m->worker);
}

struct channel *
channel_new(struct event_base *base, int chan_fd, int listen_fd)
{
    static const struct chan_events events = {on_message, on_closed};
    struct channel *m = mem_alloc(sizeof *m);

    m->base = base;
    m->listen_fd = listen_fd;
    m->chan = chan_new(base, chan_fd, &events, m);
    m->status = loop_timer(base, report_on_status, m);
    return m;
}

/* Once the queue is closed the figure stays valid until it is opened again. */
static void
say_bye(struct channel *m, unsigned waiting, bool rekeyed, bool open, bool renews)
{
    json_t *message = json_pack("{s:s s:I s:b}", "type", "bye", "waiting", (json_int_t)waiting,
                                "rekeyed", rekeyed);

    if (open)
        json_object_set_new(message, "open", json_true());
    if (renews)
        json_object_set_new(message, "renews", json_true());
    failpoint_here("channel.bye");
    chan_send(m->chan, message);
    chan_flush(m->chan, BYE_MS);
    json_decref(message);
}

int
channel_end(struct channel *m)
{
    bool broken = m->worker && worker_broken(m->worker), closed = m->worker && !broken;
    int exit_status = broken ? EX_IOERR : m->exit_status;
    unsigned waiting = closed ? worker_waiting(m->worker) : 0;
    bool rekeyed = closed && worker_rekeyed(m->worker);
    bool open = closed && worker_leaves_open(m->worker);
    bool renews = closed && worker_outdated(m->worker);

    worker_free(m->worker);
    if (m->trial) /* its reply may have pictures */
        chan_flush(m->chan, BYE_MS);
    trial_free(m->trial);
    if (closed)
        say_bye(m, waiting, rekeyed, open, renews);
    if (m->listen_fd >= 0)
        close(m->listen_fd);
    event_free(m->status);
    json_decref(m->orders);
    chan_free(m->chan);
    free(m);
    return exit_status;
}
