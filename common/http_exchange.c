/* Calls over HTTP and their way back. */
#include "common/http_exchange.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/err.h"
#include "common/http_error.h"

/* One call in the handler's hands: the carrier of a struct call, and of its stream. */
struct exchange {
    struct call_stream stream;  /* first: a stream is its exchange */
    struct http_exchanges *all; /* these two: NULL once the server is gone */
    struct evhttp_request *req;
    bool replied;            /* the reply is on its way */
    bool streaming;          /* in all->streams */
    void (*sent)(void *arg); /* NULL: nobody waits for its last byte */
    void *sent_arg;
    struct exchange *next, **link;
};

static const char *
method_name(enum evhttp_cmd_type type)
{
    static const struct {
        enum evhttp_cmd_type type;
        const char *name;
    } names[] = {{EVHTTP_REQ_GET, "GET"},       {EVHTTP_REQ_POST, "POST"},
                 {EVHTTP_REQ_HEAD, "HEAD"},     {EVHTTP_REQ_PUT, "PUT"},
                 {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_OPTIONS, "OPTIONS"},
                 {EVHTTP_REQ_TRACE, "TRACE"},   {EVHTTP_REQ_CONNECT, "CONNECT"},
                 {EVHTTP_REQ_PATCH, "PATCH"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == type)
            return names[i].name;
    return "UNKNOWN";
}

static void
link_into(struct exchange **list, struct exchange *exchange)
{
    exchange->next = *list;
    exchange->link = list;
    if (*list)
        (*list)->link = &exchange->next;
    *list = exchange;
}

static void
unlink_it(struct exchange *exchange)
{
    if (!exchange->all)
        return;
    *exchange->link = exchange->next;
    if (exchange->next)
        exchange->next->link = exchange->link;
    exchange->all->open_count -= !exchange->streaming;
}

/* The reply's last byte is with the kernel. */
static void
on_sent(struct evhttp_request *req, void *arg)
{
    struct exchange *exchange = arg;
    void (*sent)(void *) = exchange->sent;
    void *sent_arg = exchange->sent_arg;

    evhttp_connection_set_closecb(evhttp_request_get_connection(req), NULL, NULL);
    unlink_it(exchange);
    free(exchange);
    if (sent)
        sent(sent_arg);
}

/* The client left before the reply's last byte: nobody is told, and on_sent won't come. */
static void
on_lost(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    unlink_it(arg);
    free(arg);
}

/* Keeps the exchange until the reply's last byte is with the kernel or the client has left. */
static void
await(struct exchange *exchange)
{
    exchange->replied = true;
    evhttp_request_set_on_complete_cb(exchange->req, on_sent, exchange);
    evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->req), on_lost, exchange);
}

static void
exchange_send(struct call *call, int status, const char *content_type, const char *body,
              size_t length)
{
    struct exchange *exchange = call->carrier;
    struct evhttp_request *req = exchange->req;

    if (req) {
        struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
        bool awaited = evhttp_request_get_connection(req) != NULL;

        if (*call->header_name)
            evhttp_add_header(headers, call->header_name, call->header_value);
        if (exchange->all->draining)
            evhttp_add_header(headers, "Connection", "close");
        exchange->sent = call->sent;
        exchange->sent_arg = call->sent_arg;
        if (awaited)
            await(exchange);
        http_error_send(req, status, content_type, body, length);
        if (awaited)
            return;
    }
    unlink_it(exchange);
    free(exchange);
}

/* Streams. */

static struct bufferevent *
stream_bev(const struct call_stream *stream)
{
    const struct exchange *exchange = (const struct exchange *)stream;

    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(exchange->req));
}

static void
stream_send(struct call_stream *stream, const char *data, size_t length)
{
    struct exchange *exchange = (struct exchange *)stream;
    struct evbuffer *part = evbuffer_new();

    if (!part || evbuffer_add(part, data, length))
        die_abort("no memory for a part of a reply");
    evhttp_send_reply_chunk(exchange->req, part);
    evbuffer_free(part);
}

static size_t
stream_backlog(const struct call_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream_bev(stream)));
}

static void
stream_end(struct call_stream *stream)
{
    struct exchange *exchange = (struct exchange *)stream;

    stream->closed = NULL;
    await(exchange);
    evhttp_send_reply_end(exchange->req);
}

/* evhttp sees the end of the connection in a turn of its own. */
static void
stream_cut(struct call_stream *stream)
{
    stream->closed = NULL;
    shutdown(bufferevent_getfd(stream_bev(stream)), SHUT_RDWR);
}

static const struct call_stream_carrier carrier = {
    .send = stream_send, .backlog = stream_backlog, .end = stream_end, .cut = stream_cut};

/* evhttp gives a request that is still being answered out of its hands when its connection goes. */
static void
on_stream_lost(struct evhttp_connection *connection, void *arg)
{
    struct exchange *exchange = arg;

    (void)connection;
    if (!evhttp_request_get_connection(exchange->req))
        evhttp_request_free(exchange->req);
    if (exchange->stream.closed)
        exchange->stream.closed(exchange->stream.arg);
    unlink_it(exchange);
    free(exchange);
}

/* The end of the connection is the end of the stream, also for HTTP/1.0; idle is what it mostly is.
 */
static void
start_headers(struct evhttp_request *req, const char *content_type)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evhttp_connection *connection = evhttp_request_get_connection(req);

    evhttp_add_header(headers, "Content-Type", content_type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "Connection", "close");
    if (req->minor == 0)
        evhttp_remove_header(evhttp_request_get_input_headers(req), "Connection");
    bufferevent_set_timeouts(evhttp_connection_get_bufferevent(connection), NULL, NULL);
    evhttp_send_reply_start(req, 200, status_phrase(200));
}

static struct call_stream *
exchange_stream(struct call *call, const char *content_type)
{
    struct exchange *exchange = call->carrier;
    struct evhttp_request *req = exchange->req;

    if (!req || !evhttp_request_get_connection(req)) {
        if (req)
            evhttp_request_free(req);
        unlink_it(exchange);
        free(exchange);
        return NULL;
    }
    start_headers(req, content_type);
    if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
        await(exchange);
        evhttp_send_reply_end(req);
        return NULL;
    }
    unlink_it(exchange);
    exchange->streaming = true;
    link_into(&exchange->all->streams, exchange);
    exchange->stream.carrier = &carrier;
    evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_stream_lost, exchange);
    return &exchange->stream;
}

struct call *
http_exchange_call(struct http_exchanges *all, struct evhttp_request *req)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    struct evbuffer *input = evhttp_request_get_input_buffer(req);
    size_t length = evbuffer_get_length(input);
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    struct call *call = call_new(
        method_name(evhttp_request_get_command(req)), evhttp_request_get_uri(req),
        length ? (const char *)evbuffer_pullup(input, -1) : NULL, length,
        evhttp_find_header(headers, "Content-Type"), evhttp_find_header(headers, "Authorization"));

    *exchange = (struct exchange){.all = all, .req = req};
    link_into(&all->open, exchange);
    all->open_count++;
    call->carrier = exchange;
    call->send = exchange_send;
    call->stream = exchange_stream;
    return call;
}

static void
leave(struct exchange *exchange)
{
    exchange->all = NULL;
    if (!exchange->replied && !exchange->streaming) {
        exchange->req = NULL;
        return;
    }
    evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->req), NULL, NULL);
    if (exchange->stream.closed)
        exchange->stream.closed(exchange->stream.arg);
    free(exchange);
}

void
http_exchanges_leave(struct http_exchanges *all)
{
    struct exchange *const lists[] = {all->open, all->streams};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct exchange *exchange = lists[i], *next; exchange; exchange = next) {
            next = exchange->next;
            leave(exchange);
        }
}
