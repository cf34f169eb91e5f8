/* Replies of evhttp as problem+json instead of HTML. */
#include "common/http_error.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/call.h"
#include "common/err.h"
#include "common/http_watch.h"

/* evhttp would send the body of a reply to HEAD too, and the client take it for its next reply. */
static void
add_body(struct evhttp_request *req, struct evbuffer *buffer, const char *body, size_t length)
{
    char text[24];

    if (evhttp_request_get_command(req) != EVHTTP_REQ_HEAD) {
        evbuffer_add(buffer, body, length);
        return;
    }
    snprintf(text, sizeof text, "%zu", length);
    evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Length", text);
}

void
http_error_send(struct evhttp_request *req, int status, const char *content_type, const char *body,
                size_t length)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *buffer = evbuffer_new();

    if (!buffer)
        die_abort("no memory for a reply");
    if (content_type)
        evhttp_add_header(headers, "Content-Type", content_type);
    add_body(req, buffer, body, length);
    if (req->major != 1) /* the request line was broken: the reply must not echo its version */
        req->major = req->minor = 1;
    evhttp_send_reply(req, status, status_phrase(status), buffer);
    evbuffer_free(buffer);
}

void
http_error_refuse(struct evhttp_request *req, int status, const char *code, const char *detail)
{
    json_t *problem = problem_json(status, code, NULL, detail);
    char *body = json_dumps(problem, JSON_COMPACT);

    evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
    http_error_send(req, status, "application/problem+json", body, strlen(body));
    json_decref(problem);
    free(body);
}

/* evhttp says 400 for a request line and for header fields that are too long, as for broken ones.
 */
static int
exact_status(struct evhttp_request *req, int error)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    struct bufferevent *bev = evhttp_connection_get_bufferevent(connection);
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t bytes = req->headers_size;

    if (error != 400)
        return error;
    if (!bytes)
        return http_watch_bytes(bufferevent_getfd(bev)) > HTTP_HEADERS_BYTES_MAX ? 414 : 400;
    if (evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_CRLF).pos < 0)
        bytes += evbuffer_get_length(input);
    return bytes > HTTP_HEADERS_BYTES_MAX ? 431 : 400;
}

/* Takes the place of libevent's own function of this name (the dynamic linker finds the program's
 * first), which would send a page in HTML for a request that never reaches a handler. */
void
evhttp_send_error(struct evhttp_request *req, int error, const char *reason)
{
    static const struct {
        int status;
        const char *code, *detail;
    } problems[] = {
        {400, "bad_request", "this is no well-formed HTTP request"},
        {413, "content_too_large",
         "the body is larger than this server takes, or its chunks are broken"},
        {414, "uri_too_long", "the request line is longer than this server takes"},
        {417, "expectation_failed", "this server knows no expectation but 100-continue"},
        {431, "headers_too_large", "the header fields are larger than this server takes"},
        {501, "not_implemented", "this method is not known here"},
        {503, "unavailable", "the server has no room for this request"}};
    const char *code = problems[0].code, *detail = problems[0].detail;

    (void)reason;
    error = exact_status(req, error ? error : 400);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (problems[i].status == error) {
            code = problems[i].code;
            detail = problems[i].detail;
        }
    evhttp_clear_headers(evhttp_request_get_output_headers(req));
    http_error_refuse(req, error, code, detail);
}
