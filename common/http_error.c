/* Replies of evhttp as problem+json instead of HTML. */
#include "common/http_error.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/call.h"
#include "common/err.h"

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
    evbuffer_add(buffer, body, length);
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

static size_t
headers_bytes(struct evhttp_request *req)
{
    struct evkeyval *header;
    size_t bytes = 0;

    TAILQ_FOREACH(header, evhttp_request_get_input_headers(req), next)
    bytes += strlen(header->key) + strlen(header->value) + 4;
    return bytes;
}

/* evhttp says 413 for whatever was too long. */
static int
exact_status(struct evhttp_request *req, int error)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);

    if (error != 413)
        return error;
    if (!evhttp_request_get_command(req))
        return 414;
    if (headers_bytes(req) < HTTP_HEADERS_BYTES_MAX / 2 &&
        (evhttp_find_header(headers, "Content-Length") ||
         evhttp_find_header(headers, "Transfer-Encoding")))
        return 413;
    return 431;
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
        {400, "bad_request", "this is no well-formed HTTP/1.1 request"},
        {413, "content_too_large", "the body is larger than this server takes"},
        {414, "uri_too_long", "the request line is longer than this server takes"},
        {417, "expectation_failed", "this server knows no expectation but 100-continue"},
        {431, "headers_too_large", "the header fields are larger than this server takes"},
        {501, "not_implemented", "this method is not known here"},
        {503, "unavailable", "the server has no room for this request"}};
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    const char *code = "bad_request", *detail = problems[0].detail;
    json_t *problem;
    char *body;

    (void)reason;
    error = exact_status(req, error ? error : 400);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (problems[i].status == error) {
            code = problems[i].code;
            detail = problems[i].detail;
        }
    problem = problem_json(error, code, NULL, detail);
    body = json_dumps(problem, JSON_COMPACT);
    evhttp_clear_headers(headers);
    evhttp_add_header(headers, "Connection", "close");
    http_error_send(req, error, "application/problem+json", body, strlen(body));
    json_decref(problem);
    free(body);
}
