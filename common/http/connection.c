/* Handles one connection. A pipelined request stays unread until the reply to the previous one has
 * been sent, so a connection costs one request and one reply, and one turn of the loop for each. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/failpoint.h"
#include "common/base/loop.h"
#include "common/http/internal.h"

static void
enter(struct http_connection *c, enum http_phase phase)
{
    struct http_server *server = c->server;

    TAILQ_REMOVE(&server->phases[c->phase], c, link);
    TAILQ_INSERT_TAIL(&server->phases[phase], c, link);
    server->counts[c->phase]--;
    server->counts[phase]++;
    c->phase = phase;
    c->since_ms = clock_monotonic_ms();
}

void
http_connection_free(struct http_connection *c)
{
    struct http_server *server = c->server;

    TAILQ_REMOVE(&server->phases[c->phase], c, link);
    server->counts[c->phase]--;
    server->count--;
    server->queued_bytes -= evbuffer_get_length(bufferevent_get_output(c->bev));
    if (c->phase == PHASE_STREAM)
        c->stream.closed(c->stream.arg);
    http_request_clear(&c->request);
    bufferevent_free(c->bev);
    c->server = NULL;
    if (c->phase != PHASE_CALL) /* the handler's call still refers to this connection */
        free(c);
}

/* --- replies --- */

/* The reply's last byte has been passed to the kernel. */
static void
finish(struct http_connection *c)
{
    void (*sent)(void *arg) = c->sent;
    void *arg = c->sent_arg;
    struct evbuffer *input = bufferevent_get_input(c->bev);
    bool more = evbuffer_get_length(input) != 0;

    c->sent = NULL;
    bufferevent_enable(c->bev, EV_READ); /* see on_read */
    if (c->ended && (c->closing || !more)) {
        http_connection_free(c);
    } else if (c->closing) {
        shutdown(bufferevent_getfd(c->bev), SHUT_WR);
        evbuffer_drain(input, evbuffer_get_length(input));
        enter(c, PHASE_LINGER);
    } else {
        enter(c, PHASE_IDLE);
        if (more)
            bufferevent_trigger(c->bev, EV_READ,
                                BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
    }
    if (sent)
        sent(arg);
}

static void
push(struct http_connection *c)
{
    struct evbuffer *output = bufferevent_get_output(c->bev);

    loop_write_now(c->bev);
    failpoint_here("http_server.replied");
    if (evbuffer_get_length(output))
        bufferevent_enable(c->bev, EV_WRITE);
    else if (c->phase == PHASE_REPLY)
        finish(c);
}

static void
reply(struct http_connection *c, int status, const char *type, struct call *call, const char *body,
      size_t length)
{
    c->closing = c->closing || !c->server->acceptable;
    http_head_add(c, status, type, call, (long)length);
    if (!c->no_body)
        http_body_add(c, call, body, length);
    enter(c, PHASE_REPLY);
    push(c);
}

/* The rest of the input cannot be trusted: close the connection. */
static void
refuse(struct http_connection *c, int status, const char *detail)
{
    static const char *const codes[] = {
        [400] = "bad_request",          [403] = "forbidden",
        [408] = "request_timeout",      [413] = "content_too_large",
        [414] = "uri_too_long",         [415] = "unsupported_media_type",
        [417] = "expectation_failed",   [431] = "headers_too_large",
        [501] = "not_implemented",      [503] = "overloaded",
        [505] = "version_not_supported"};
    json_t *problem = problem_json(status, codes[status], NULL, detail);
    char *body = json_dumps(problem, JSON_COMPACT);

    c->closing = true;
    reply(c, status, "application/problem+json", NULL, body, strlen(body));
    json_decref(problem);
    free(body);
}

/* Whether the client of this call is still connected. */
static bool
is_there(struct http_connection *c)
{
    if (c->server)
        return true;
    free(c);
    return false;
}

static void
call_sent(struct call *call, int status, const char *type, const char *body, size_t length)
{
    struct http_connection *c = call->carrier;

    if (!is_there(c))
        return;
    c->sent = call->sent;
    c->sent_arg = call->sent_arg;
    reply(c, status, type, call, body, length);
}

/* --- streams --- */

static struct http_connection *
stream_connection(const struct call_stream *stream)
{
    return (struct http_connection *)((char *)stream - offsetof(struct http_connection, stream));
}

static void
stream_send(struct call_stream *stream, const char *data, size_t length)
{
    struct http_connection *c = stream_connection(stream);
    struct evbuffer *output = bufferevent_get_output(c->bev);

    if (!c->old)
        evbuffer_add_printf(output, "%zx\r\n", length);
    if (evbuffer_add(output, data, length) || evbuffer_add(output, "\r\n", c->old ? 0 : 2))
        die_abort("out of memory for part of a reply");
    push(c);
}

static size_t
stream_backlog(const struct call_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream_connection(stream)->bev));
}

static void
stream_end(struct call_stream *stream)
{
    struct http_connection *c = stream_connection(stream);

    if (!c->old && !c->no_body)
        evbuffer_add_printf(bufferevent_get_output(c->bev), "0\r\n\r\n");
    enter(c, PHASE_REPLY);
    push(c);
}

/* The connection is closed in a later turn: the caller may still be using it. */
static void
stream_cut(struct call_stream *stream)
{
    struct http_connection *c = stream_connection(stream);

    enter(c, PHASE_LINGER);
    shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
}

static struct call_stream *
call_streamed(struct call *call, const char *type)
{
    static const struct call_stream_carrier carrier = {
        .send = stream_send, .backlog = stream_backlog, .end = stream_end, .cut = stream_cut};
    struct http_connection *c = call->carrier;
    struct evbuffer *input;

    if (!is_there(c))
        return NULL;
    input = bufferevent_get_input(c->bev);
    c->closing = true;
    http_head_add(c, 200, type, call, -1);
    c->stream.carrier = &carrier;
    evbuffer_drain(input, evbuffer_get_length(input));
    bufferevent_enable(c->bev, EV_READ); /* see on_read */
    enter(c, PHASE_STREAM);
    if (!c->no_body && !c->ended) {
        push(c);
        return &c->stream;
    }
    stream_end(&c->stream);
    return NULL;
}

/* --- requests --- */

static struct call *
new_call(struct http_connection *c)
{
    struct http_request *r = &c->request;
    struct call *call = call_new(llhttp_method_name((llhttp_method_t)r->parser.method), r->target,
                                 NULL, 0, NULL, NULL);

    http_request_give(r, call);
    call->trusted = c->server->check_peer != NULL;
    call->uid = (unsigned)c->peer;
    call->address = *c->address ? c->address : NULL;
    call->carrier = c;
    call->send = call_sent;
    call->stream = call_streamed;
    return call;
}

/* A question whose reply nobody reads. An order is taken even then. */
static bool
is_moot(const struct http_connection *c)
{
    int error = 0;
    socklen_t size = sizeof error;

    return c->request.parser.method == HTTP_GET &&
           getsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error;
}

static void
hand_over(struct http_connection *c)
{
    struct http_server *server = c->server;
    struct call *call;

    failpoint_here("http_server.request");
    if (is_moot(c)) {
        http_connection_free(c);
        return;
    }
    c->used = true;
    c->closing = !c->request.keep_alive;
    if (server->check_peer && !server->check_peer(bufferevent_getfd(c->bev), server->check_arg)) {
        refuse(c, 403,
               "this user is not allowed to control the daemon: only root, the daemon's user and "
               "the control group are");
        return;
    }
    if (server->queued_bytes > server->limits.queued_bytes) {
        refuse(c, 503, "too many replies are waiting for slow clients");
        return;
    }
    call = new_call(c);
    http_request_clear(&c->request);
    enter(c, PHASE_CALL);
    server->handler(call, server->arg);
}

/* More bytes are needed. */
static void
await(struct http_connection *c)
{
    const struct http_request *r = &c->request;
    enum http_phase phase = r->head_complete ? PHASE_BODY : PHASE_HEAD;

    if (!r->target && !evbuffer_get_length(bufferevent_get_input(c->bev)))
        phase = PHASE_IDLE;
    if (c->phase == phase)
        return;
    enter(c, phase);
    if (phase == PHASE_BODY && r->fields[HTTP_EXPECT] && !r->body && !c->old) {
        evbuffer_add_printf(bufferevent_get_output(c->bev), "HTTP/1.1 100 Continue\r\n\r\n");
        push(c);
    }
}

/* Read-ahead is limited to this. */
static size_t
input_max(const struct http_server *server)
{
    return server->limits.header_bytes + server->limits.target_bytes;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct http_connection *c = arg;
    struct http_request *r = &c->request;
    struct evbuffer *input = bufferevent_get_input(bev);

    if (c->phase >= PHASE_STREAM)
        evbuffer_drain(input, evbuffer_get_length(input));
    if (c->phase >= PHASE_CALL) {
        if (evbuffer_get_length(input) >= input_max(c->server))
            bufferevent_disable(bev, EV_READ); /* or libevent calls again at once, on and on */
        return;
    }
    http_request_read(r, input);
    c->no_body = r->target && r->parser.method == HTTP_HEAD;
    c->old = r->target && !r->parser.http_minor;
    if (r->status)
        refuse(c, r->status, r->detail);
    else if (r->complete)
        hand_over(c);
    else if (c->ended)
        http_connection_free(c);
    else
        await(c);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
    struct http_connection *c = arg;

    bufferevent_disable(bev, EV_WRITE);
    if (c->phase == PHASE_REPLY)
        finish(c);
}

/* A client that has shut down its sending side may still read: its request is answered. */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    struct http_connection *c = arg;
    bool waits = c->phase == PHASE_CALL || c->phase == PHASE_REPLY ||
                 (c->phase == PHASE_IDLE && evbuffer_get_length(bufferevent_get_input(bev)));

    c->ended = true;
    if (!(what & BEV_EVENT_EOF) || !waits)
        http_connection_free(c);
}

static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct http_server *server = arg;

    (void)output;
    server->queued_bytes += info->n_added - info->n_deleted;
}

void
http_connection_open(struct http_server *server, int fd, uint64_t peer, const char *address)
{
    struct http_connection *c = mem_alloc(sizeof *c);

    c->server = server;
    c->peer = peer;
    text_copy(c->address, sizeof c->address, address);
    c->request.limits = &server->limits;
    c->since_ms = clock_monotonic_ms();
    c->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev || !evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, server))
        die_abort("out of memory for a connection");
    bufferevent_setwatermark(c->bev, EV_READ, 0, input_max(server));
    bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
    bufferevent_disable(c->bev, EV_WRITE);
    bufferevent_enable(c->bev, EV_READ);
    TAILQ_INSERT_TAIL(&server->phases[PHASE_IDLE], c, link);
    server->counts[PHASE_IDLE]++;
    server->count++;
}

void
http_connection_expire(struct http_connection *c)
{
    if (c->phase == PHASE_HEAD || c->phase == PHASE_BODY)
        refuse(c, 408, "timed out while waiting for the request");
    else
        http_connection_free(c);
}
