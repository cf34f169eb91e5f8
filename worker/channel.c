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
#include "worker/worker.h"

#define STATUS_SOON_MS 25 /* changes within this time are reported once */
#define STATUS_EVERY 12   /* ticks, even if nothing has changed */
#define BYE_MS 1000       /* for the supervisor to read the remaining messages */
#define LAST_WORDS_MS 1   /* a turn of the loop, in which they are sent */

struct channel {
    struct event_base *base;
    struct chan *chan;
    int listen_fd; /* until the worker owns it */
    struct worker *worker;
    struct event *status;
    bool status_soon;
    unsigned quiet;          /* ticks since the last status */
    const char *worker_told; /* the worker's state in the last status */
    int exit_status;
};

/* Carries a call's reply back over the channel. */
struct remote {
    struct channel *channel;
    json_int_t id;
};

static void
send_simple(struct channel *m, const char *type)
{
    json_t *message = json_pack("{s:s}", "type", type);

    chan_send(m->chan, message);
    json_decref(message);
}

static void
on_status(evutil_socket_t fd, short what, void *arg)
{
    struct channel *m = arg;
    json_t *message;

    (void)fd;
    (void)what;
    m->status_soon = false;
    m->quiet = 0;
    if (worker_stopping(m->worker))
        return;
    m->worker_told = worker_state(m->worker);
    message = json_pack("{s:s s:o}", "type", "status", "alive", worker_alive(m->worker));
    chan_send(m->chan, message);
    json_decref(message);
}

/* A sign of life. While orders wait, their age changes. */
static void
on_tick(void *arg)
{
    struct channel *m = arg;

    if (worker_waiting(m->worker) || ++m->quiet == STATUS_EVERY)
        on_status(-1, 0, m);
    else
        send_simple(m, "pong");
}

/* Once nothing is left to do. */
static void
end_maintenance(struct channel *m)
{
    if (!worker_tidying(m->worker))
        event_base_loopbreak(m->base);
}

static void
on_changed(void *arg)
{
    struct channel *m = arg;
    struct timeval soon = clock_timeval(STATUS_SOON_MS);

    if (!m->worker || worker_stopping(m->worker))
        return;
    if (worker_idle(m->worker)) {
        end_maintenance(m);
        return;
    }
    /* A person's command must outlive this process, so the supervisor is told at once. */
    if (strcmp(m->worker_told, worker_state(m->worker)))
        on_status(-1, 0, m);
    else if (!m->status_soon) {
        m->status_soon = true;
        evtimer_add(m->status, &soon);
    }
}

static void
on_killed(void *arg)
{
    struct channel *m = arg;

    send_simple(m, "killed");
}

static void
on_kill_browsers(void *arg)
{
    struct channel *m = arg;

    send_simple(m, "kill_browsers");
}

static void
on_resolve(unsigned id, const char *name, void *arg)
{
    struct channel *m = arg;
    json_t *message =
        json_pack("{s:s s:I s:s}", "type", "resolve", "id", (json_int_t)id, "name", name);

    if (message)
        chan_send(m->chan, message);
    json_decref(message);
}

static void
remote_send(struct call *call, int status, const char *content_type, const char *body,
            size_t length)
{
    struct remote *remote = call->carrier;
    json_t *message = json_pack("{s:s s:I s:i s:s s:s%}", "type", "reply", "id", remote->id,
                                "status", status, "content_type", content_type ? content_type : "",
                                "body", body ? body : "", length);

    if (*call->header_name)
        json_object_set_new(message, "header",
                            json_pack("[s, s]", call->header_name, call->header_value));
    chan_send(remote->channel->chan, message);
    json_decref(message);
    free(remote);
}

static const char *
text_of(const json_t *message, const char *name)
{
    return json_string_value(json_object_get(message, name));
}

static void
say_ready(struct channel *m)
{
    json_t *message = json_pack("{s:s s:b}", "type", "ready", "rekeyed", worker_rekeyed(m->worker));

    chan_send(m->chan, message);
    json_decref(message);
}

static void
do_config(struct channel *m, const json_t *message)
{
    const struct worker_events events = {on_changed,       on_tick,    on_killed,
                                         on_kill_browsers, on_resolve, m};
    struct timeval last_words = clock_timeval(LAST_WORDS_MS);
    json_t *reply;
    struct err err;

    if (m->worker)
        return;
    log_verbose(json_is_true(json_object_get(message, "verbose")));
    m->worker = worker_start(m->base, message, m->listen_fd, &events, &err);
    if (m->worker && !worker_idle(m->worker))
        m->listen_fd = -1;
    if (m->worker && worker_idle(m->worker)) {
        end_maintenance(m);
        return;
    }
    if (m->worker) {
        failpoint_here("channel.ready");
        on_status(-1, 0, m);
        say_ready(m);
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
do_ping(struct channel *m, const json_t *message)
{
    (void)message;
    send_simple(m, "pong");
}

static void
do_call(struct channel *m, const json_t *message)
{
    const char *method = text_of(message, "method"), *target = text_of(message, "target");
    const json_t *body = json_object_get(message, "body");
    struct remote *remote;
    struct call *call;

    if (!m->worker || worker_idle(m->worker) || !method || !target)
        return;
    remote = mem_alloc(sizeof *remote);
    *remote = (struct remote){m, json_integer_value(json_object_get(message, "id"))};
    call = call_new(method, target, json_string_value(body), json_string_length(body),
                    text_of(message, "content_type"), NULL);
    call->carrier = remote;
    call->send = remote_send;
    call->trusted = true;
    worker_call(m->worker, call);
}

static void
do_browsers_killed(struct channel *m, const json_t *message)
{
    if (m->worker)
        worker_browsers_killed(m->worker,
                               (unsigned)json_integer_value(json_object_get(message, "ended")));
}

static void
do_resolved(struct channel *m, const json_t *message)
{
    if (m->worker)
        worker_resolved(m->worker, message);
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
                {"resolved", do_resolved}, {"stop", do_stop}};

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
    log_warning("the supervisor has gone away; stopping");
    channel_stop(arg);
}

void
channel_stop(struct channel *m)
{
    if (!m->worker)
        event_base_loopbreak(m->base);
    else if (worker_idle(m->worker))
        end_maintenance(m); /* maintenance is short, and no other process would do it */
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
    m->status = loop_timer(base, on_status, m);
    return m;
}

/* Once the queue is closed the figure stays valid until it is opened again. */
static void
say_bye(struct channel *m, unsigned waiting, bool rekeyed, bool open)
{
    json_t *message = json_pack("{s:s s:I s:b}", "type", "bye", "waiting", (json_int_t)waiting,
                                "rekeyed", rekeyed);

    if (open)
        json_object_set_new(message, "open", json_true());
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

    worker_free(m->worker);
    if (closed)
        say_bye(m, waiting, rekeyed, open);
    if (m->listen_fd >= 0)
        close(m->listen_fd);
    event_free(m->status);
    chan_free(m->chan);
    free(m);
    return exit_status;
}
