#include "common/http/upstream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <llhttp/llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/loop.h"

struct upstream_call {
    llhttp_t parser;
    struct bufferevent *bev;
    struct event *refuse; /* there is no connection: done, in a later turn */
    struct evbuffer *body;
    size_t body_max;
    struct upstream_reply reply;
    char field[32];
    char value[128];
    bool in_value, complete;
    int (*part)(const char *bytes, size_t length, void *arg);
    void (*done)(const struct upstream_reply *reply, void *arg);
    void *arg;
};

/* --- the reply's head --- */

static void
add(char *to, size_t size, const char *at, size_t length)
{
    size_t used = strlen(to);

    if (length > size - 1 - used)
        length = size - 1 - used;
    memcpy(to + used, at, length);
    to[used + length] = '\0';
}

static void
take_field(struct upstream_call *call)
{
    struct upstream_reply *reply = &call->reply;
    const struct {
        const char *name;
        char *to;
        size_t size;
    } known[] = {{"Content-Type", reply->content_type, sizeof reply->content_type},
                 {"ETag", reply->etag, sizeof reply->etag},
                 {"Allow", reply->allow, sizeof reply->allow},
                 {"Retry-After", reply->retry_after, sizeof reply->retry_after}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(call->field, known[i].name) == 0) {
            text_copy(known[i].to, known[i].size, call->value);
            text_clean(known[i].to);
        }
    *call->field = *call->value = '\0';
    call->in_value = false;
}

static int
on_field(llhttp_t *parser, const char *at, size_t length)
{
    struct upstream_call *call = parser->data;

    if (call->in_value)
        take_field(call);
    add(call->field, sizeof call->field, at, length);
    return 0;
}

static int
on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct upstream_call *call = parser->data;

    call->in_value = true;
    add(call->value, sizeof call->value, at, length);
    return 0;
}

static int
on_headers(llhttp_t *parser)
{
    struct upstream_call *call = parser->data;

    take_field(call);
    call->reply.status = parser->status_code;
    return call->part && call->reply.status == 200 ? call->part("", 0, call->arg) : 0;
}

/* --- its body --- */

static int
on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct upstream_call *call = parser->data;

    if (call->part && call->reply.status == 200)
        return call->part(at, length, call->arg);
    if (evbuffer_get_length(call->body) + length > call->body_max)
        return -1;
    return evbuffer_add(call->body, at, length);
}

static int
on_complete(llhttp_t *parser)
{
    ((struct upstream_call *)parser->data)->complete = true;
    return 0;
}

static const llhttp_settings_t settings = {.on_header_field = on_field,
                                           .on_header_value = on_value,
                                           .on_headers_complete = on_headers,
                                           .on_body = on_body,
                                           .on_message_complete = on_complete};

static void
end(struct upstream_call *call, const char *fault)
{
    if (fault) {
        call->reply.status = 0;
        call->reply.body = fault;
        call->reply.length = strlen(fault);
    } else {
        evbuffer_add(call->body, "", 1);
        call->reply.length = evbuffer_get_length(call->body) - 1;
        call->reply.body = (const char *)evbuffer_pullup(call->body, -1);
    }
    call->done(&call->reply, call->arg);
    upstream_cancel(call);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct upstream_call *call = arg;
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t length = evbuffer_get_length(input);
    llhttp_errno_t error =
        llhttp_execute(&call->parser, (const char *)evbuffer_pullup(input, -1), length);

    evbuffer_drain(input, length);
    if (call->complete)
        end(call, NULL);
    else if (error)
        end(call, "invalid or too large a reply");
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    struct upstream_call *call = arg;

    (void)bev;
    if (what & BEV_EVENT_TIMEOUT)
        end(call, "no reply in time");
    else if (what & BEV_EVENT_READING) /* after an error in writing, a refusal can still be read */
        end(call, "the daemon closed the connection");
}

/* --- the request --- */

static void
on_refuse(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    end(arg, "cannot reach the daemon");
}

/* -1 with errno set. */
static int
open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    text_copy(address.sun_path, sizeof address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address)) {
        int error = errno;

        close(fd);
        errno = error;
        fd = -1;
    }
    return fd;
}

static void
add_line(struct evbuffer *output, const char *name, const char *value)
{
    if (value && *value)
        evbuffer_add_printf(output, "%s: %s\r\n", name, value);
}

static void
wipe(const void *copy, size_t length, void *arg)
{
    (void)arg;
    explicit_bzero((void *)copy, length);
    free((void *)copy);
}

static void
write_request(struct evbuffer *output, const struct upstream_request *request)
{
    evbuffer_add_printf(output, "%s %s HTTP/1.1\r\nHost: pumpline\r\nConnection: close\r\n",
                        request->method, request->target);
    add_line(output, "Pumpline-By", request->by);
    add_line(output, "Content-Type", request->content_type);
    add_line(output, "If-Match", request->if_match);
    if (request->length || strcmp(request->method, "GET"))
        evbuffer_add_printf(output, "Content-Length: %zu\r\n", request->length);
    evbuffer_add(output, "\r\n", 2);
    if (request->length) {
        char *copy = mem_alloc(request->length);

        memcpy(copy, request->body, request->length);
        evbuffer_add_reference(output, copy, request->length, wipe, NULL);
    }
}

struct upstream_call *
upstream_follow(struct event_base *base, const char *socket_path,
                const struct upstream_request *request, unsigned quiet_s,
                int (*part)(const char *bytes, size_t length, void *arg),
                void (*done)(const struct upstream_reply *reply, void *arg), void *arg)
{
    struct upstream_call *call = mem_alloc(sizeof *call);
    const struct timeval quiet = {.tv_sec = quiet_s}, now = {0};
    int fd = open_socket(socket_path);

    call->reply.error = fd < 0 ? errno : 0;
    call->part = part;
    call->done = done;
    call->arg = arg;
    call->body = evbuffer_new();
    call->body_max = request->reply_max ? request->reply_max : UPSTREAM_REPLY_MAX;
    llhttp_init(&call->parser, HTTP_RESPONSE, &settings);
    call->parser.data = call;
    if (fd < 0) {
        call->refuse = loop_timer(base, on_refuse, call);
        evtimer_add(call->refuse, &now);
        return call;
    }
    call->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!call->bev || !call->body)
        die_abort("out of memory for a call");
    bufferevent_setcb(call->bev, on_read, NULL, on_event, call);
    bufferevent_set_timeouts(call->bev, &quiet, &quiet);
    write_request(bufferevent_get_output(call->bev), request);
    bufferevent_enable(call->bev, EV_READ | EV_WRITE);
    return call;
}

struct upstream_call *
upstream_send(struct event_base *base, const char *socket_path,
              const struct upstream_request *request,
              void (*done)(const struct upstream_reply *reply, void *arg), void *arg)
{
    return upstream_follow(base, socket_path, request, UPSTREAM_PATIENCE_S, NULL, done, arg);
}

void
upstream_cancel(struct upstream_call *call)
{
    if (call->bev)
        bufferevent_free(call->bev);
    if (call->refuse)
        event_free(call->refuse);
    evbuffer_free(call->body);
    free(call);
}
