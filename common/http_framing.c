/* Framing: the place where requests are smuggled. */
#include "common/http_framing.h"

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

static unsigned
count_headers(struct evkeyvalq *headers, const char *name)
{
    struct evkeyval *header;
    unsigned count = 0;

    TAILQ_FOREACH(header, headers, next)
    count += strcasecmp(header->key, name) == 0;
    return count;
}

/* RFC 9110, 5.6.2. A name like "Content-Length " would hide a length from evhttp. */
static bool
is_token(const char *text)
{
    return *text && !text[strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

static bool
names_sound(struct evkeyvalq *headers)
{
    struct evkeyval *header;

    TAILQ_FOREACH(header, headers, next)
    if (!is_token(header->key))
        return false;
    return true;
}

static bool
target_sound(const char *target)
{
    if (target[0] != '/' || target[1] == '/')
        return false;
    for (const unsigned char *p = (const unsigned char *)target; *p; p++)
        if (*p <= ' ' || *p == 0x7f || *p == '#')
            return false;
    return true;
}

/* Methods whose body evhttp leaves in the connection, where it would be read as a request. */
static bool
has_unread_body(struct evhttp_request *req, const char *length, const char *encoding)
{
    enum evhttp_cmd_type type = evhttp_request_get_command(req);

    return (type == EVHTTP_REQ_HEAD || type == EVHTTP_REQ_TRACE) &&
           (encoding || (length && strcmp(length, "0")));
}

/* What a proxy in front of us could read differently than evhttp did. NULL: sound. */
const char *
http_framing_fault(struct evhttp_request *req)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const char *length = evhttp_find_header(headers, "Content-Length");
    const char *encoding = evhttp_find_header(headers, "Transfer-Encoding");

    if (req->major != 1)
        return "only HTTP/1.0 and HTTP/1.1 are spoken here";
    if (!names_sound(headers))
        return "the name of a header field is no token";
    if (!target_sound(evhttp_request_get_uri(req)))
        return "the request target must be a path that starts with one '/', percent-encoded";
    if (count_headers(headers, "Host") > 1)
        return "there is more than one Host";
    if (count_headers(headers, "Content-Length") > 1 ||
        count_headers(headers, "Transfer-Encoding") > 1)
        return "the length of the body is given more than once";
    if (length && encoding)
        return "Content-Length and Transfer-Encoding exclude each other";
    if (encoding && strcasecmp(encoding, "chunked"))
        return "no Transfer-Encoding but chunked is known here";
    if (length && (!*length || length[strspn(length, "0123456789")]))
        return "Content-Length must be digits";
    if (has_unread_body(req, length, encoding))
        return "a request of this method has no body";
    return NULL;
}
