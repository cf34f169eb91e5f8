/* Lines and data of a request. Lines are passed to llhttp one at a time, complete and checked: no
 * line end other than CR LF, no folded field and no control character ever reaches it, and limits
 * are exact. */
#include "common/http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/err.h"
#include "common/base/secret.h"

#define REQUEST_LINE_BYTES 32u /* method, version, spaces and CR LF */
#define CHUNK_BYTES 8u         /* overhead per byte of data */

static const char *const names[HTTP_FIELDS] = {
    [HTTP_HOST] = "Host",
    [HTTP_CONTENT_TYPE] = "Content-Type",
    [HTTP_AUTHORIZATION] = "Authorization",
    [HTTP_ORIGIN] = "Origin",
    [HTTP_EXPECT] = "Expect",
    [HTTP_CONTENT_ENCODING] = "Content-Encoding",
    [HTTP_IF_MATCH] = "If-Match",
    [HTTP_ACTS_FOR] = "Pumpline-By",
    [HTTP_CONTENT_LENGTH] = "Content-Length",
    [HTTP_TRANSFER_ENCODING] = "Transfer-Encoding",
    [HTTP_CALL_FIELDS + CALL_COOKIE] = "Cookie",
    [HTTP_CALL_FIELDS + CALL_ACCEPT_ENCODING] = "Accept-Encoding",
    [HTTP_CALL_FIELDS + CALL_REMOTE_USER] = "Remote-User",
    [HTTP_CALL_FIELDS + CALL_FORWARDED_FOR] = "X-Forwarded-For",
    [HTTP_CALL_FIELDS + CALL_ACCEPT] = "Accept",
    [HTTP_CALL_FIELDS + CALL_LAST_EVENT_ID] = "Last-Event-ID"};

/* Returns false, so that a failing path can be `return refuse(…)`. The first fault counts. */
static bool
refuse(struct http_request *r, int status, const char *detail)
{
    if (!r->status) {
        r->status = status;
        text_copy(r->detail, sizeof r->detail, detail);
    }
    return false;
}

/* --- what llhttp reports --- */

static int
on_headers_complete(llhttp_t *parser)
{
    struct http_request *r = parser->data;

    parser->upgrade = 0; /* an upgrade that this server does not accept */
    r->head_complete = true;
    r->size_next = (parser->flags & F_CHUNKED) != 0;
    r->in_data = !r->size_next && parser->content_length;
    return 0;
}

static int
on_chunk_header(llhttp_t *parser)
{
    struct http_request *r = parser->data;

    r->size_next = false;
    r->in_data = parser->content_length != 0;
    return 0;
}

static int
on_chunk_complete(llhttp_t *parser)
{
    ((struct http_request *)parser->data)->size_next = true;
    return 0;
}

static int
on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct http_request *r = parser->data;

    if (!r->body)
        r->body = mem_alloc(1 + (parser->flags & F_CHUNKED ? r->limits->body_bytes
                                                           : length + parser->content_length));
    memcpy(r->body + r->body_length, at, length);
    r->body_length += length;
    return 0;
}

static int
on_message_complete(llhttp_t *parser)
{
    struct http_request *r = parser->data;

    r->complete = true;
    r->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return 0;
}

static const llhttp_settings_t settings = {.on_headers_complete = on_headers_complete,
                                           .on_chunk_header = on_chunk_header,
                                           .on_chunk_complete = on_chunk_complete,
                                           .on_body = on_body,
                                           .on_message_complete = on_message_complete};

static bool
refuse_size(struct http_request *r)
{
    char detail[sizeof r->detail];

    snprintf(detail, sizeof detail, "the body exceeds %u bytes (http.body_bytes)",
             r->limits->body_bytes);
    return refuse(r, 413, detail);
}

static bool
parse(struct http_request *r, const char *bytes, size_t length)
{
    llhttp_errno_t error = llhttp_execute(&r->parser, bytes, length);

    if (error == HPE_INVALID_METHOD)
        return refuse(r, 501, "unknown method");
    if (error)
        return refuse(r, 400, r->parser.reason);
    if (r->parser.content_length > r->limits->body_bytes - r->body_length)
        return refuse_size(r);
    return true;
}

/* --- the request line --- */

/* RFC 9112, 3.2.2: the host of an absolute form overrides the Host field. Returns the length of
 * what precedes the path; -1 if the form is invalid. */
static int
take_host(struct http_request *r, const char *target)
{
    static const char scheme[] = "http://";
    const char *host = target + sizeof scheme - 1;
    size_t length;

    if (strncasecmp(target, scheme, sizeof scheme - 1))
        return 0;
    length = strcspn(host, "/?#@");
    if (!length || host[length] == '@')
        return -1;
    r->fields[HTTP_HOST] = mem_format("%.*s", (int)length, host);
    return (int)(sizeof scheme - 1 + length);
}

/* It becomes a path: visible ASCII, without a fragment. */
static bool
take_target(struct http_request *r, const char *target)
{
    int before = take_host(r, target);
    const char *path = target + (before > 0 ? before : 0);
    bool sound = before >= 0 && (*path == '/' ? path[1] != '/' : before > 0);

    for (const char *p = path; *p; p++)
        sound = sound && *p > ' ' && *p < 0x7f && *p != '#';
    if (strlen(target) > r->limits->target_bytes)
        return refuse(r, 414, "the request target exceeds the limit");
    if (!sound)
        return refuse(r, 400,
                      "the request target must be a percent-encoded path that starts with one '/'");
    r->target = mem_format("%s%s", *path == '/' ? "" : "/", path);
    return true;
}

/* llhttp would accept other protocols, and several spaces. The line ends with NUL. */
static bool
take_request_line(struct http_request *r, char *line)
{
    char *space = strchr(line, ' '), *last = strrchr(line, ' ');
    const char *version = last ? last + 1 : "";
    bool sound;

    if (!space || space == last || strncmp(version, "HTTP/", 5) || strlen(version) != 8)
        return refuse(r, 400, "the request line must consist of a method, a target and a version");
    if (version[5] != '1' || version[6] != '.' || version[7] > '1')
        return refuse(r, 505, "only HTTP/1.0 and HTTP/1.1 are supported");
    *last = '\0';
    sound = take_target(r, space + 1);
    *last = ' ';
    return sound;
}

/* --- header fields --- */

static void
forget_field(struct http_request *r, unsigned i)
{
    if (r->fields[i])
        secret_wipe(r->fields[i], strlen(r->fields[i]));
    free(r->fields[i]);
    r->fields[i] = NULL;
}

/* A trailer is checked, but not treated as a header field. */
static bool
take_field(struct http_request *r, const char *line, size_t length)
{
    size_t name = strcspn(line, ":"), from = name + 1;

    if (++r->field_count > r->limits->header_count)
        return refuse(r, 431, "too many header fields");
    if (!name || line[name] != ':' || strchr(" \t", line[0]))
        return refuse(r, 400,
                      "a header field must consist of a name, a colon and a value on one line");
    from += strspn(line + from, " \t");
    while (length > from && strchr(" \t", line[length - 1]))
        length--;
    for (unsigned i = 0; i < HTTP_FIELDS && !r->head_complete; i++) {
        if (strlen(names[i]) != name || strncasecmp(line, names[i], name))
            continue;
        if (r->seen & 1u << i && i < HTTP_CALL_FIELDS)
            return refuse(r, 400, "duplicate header field");
        if (r->seen & 1u << i)
            forget_field(r, i);
        else if (!r->fields[i])
            r->fields[i] = mem_part(line + from, length - from);
        r->seen |= 1u << i;
    }
    return true;
}

/* What llhttp does not check, once the head is complete. */
static bool
check_head(struct http_request *r)
{
    const char *encoding = r->fields[HTTP_TRANSFER_ENCODING], *host = r->fields[HTTP_HOST];
    const char *expect = r->fields[HTTP_EXPECT], *coding = r->fields[HTTP_CONTENT_ENCODING];
    unsigned method = r->parser.method, minor = r->parser.http_minor;

    if (method > HTTP_TRACE && method != HTTP_PATCH)
        return refuse(r, 501, "unknown method");
    if (minor && !(r->seen & 1u << HTTP_HOST))
        return refuse(r, 400, "an HTTP/1.1 request must have a Host header");
    if (host && host[strcspn(host, " \t/?#@,")])
        return refuse(r, 400, "Host must be a name or an address, optionally with a port");
    if (encoding && (strcasecmp(encoding, "chunked") || !minor))
        return refuse(r, 400, "only \"Transfer-Encoding: chunked\" in HTTP/1.1 is supported");
    if ((encoding || r->parser.content_length) && (method == HTTP_HEAD || method == HTTP_TRACE))
        return refuse(r, 400, "a request with this method must not have a body");
    if (expect && strcasecmp(expect, "100-continue"))
        return refuse(r, 417, "only \"Expect: 100-continue\" is supported");
    if (coding && *coding && strcasecmp(coding, "identity"))
        return refuse(r, 415, "Content-Encoding is not supported");
    return true;
}

/* --- lines and data --- */

/* RFC 9112, 7.1.1: extensions are ignored. Returns the length of the line without them. */
static size_t
without_extensions(const char *line, size_t length)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF"), blank = strspn(line + digits, " \t");

    return digits && line[digits + blank] == ';' ? digits : length;
}

/* bytes: the line with its CR LF. */
static bool
judge_line(struct http_request *r, char *bytes, size_t length)
{
    size_t end = length - 2, keep = end;
    bool clean = length >= 2 && bytes[end] == '\r', sound = true;

    for (size_t i = 0; clean && i < end; i++)
        clean = (unsigned char)bytes[i] >= ' ' ? bytes[i] != 0x7f : bytes[i] == '\t';
    if (!clean)
        return refuse(r, 400, "a line must end with CR LF and must not contain control characters");
    bytes[end] = '\0';
    if (!r->target)
        sound = take_request_line(r, bytes);
    else if (r->size_next)
        keep = without_extensions(bytes, end);
    else if (end)
        sound = take_field(r, bytes, end);
    bytes[end] = '\r';
    return sound && (!keep || parse(r, bytes, keep)) && parse(r, bytes + end, 2);
}

static bool
take_line(struct http_request *r, struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search(input, "\n", 1, NULL);
    size_t length = end.pos < 0 ? evbuffer_get_length(input) : (size_t)end.pos + 1;
    size_t *bytes = r->head_complete ? &r->chunk_bytes : &r->field_bytes;
    bool first = !r->target, sound;

    if (first && length > r->limits->target_bytes + REQUEST_LINE_BYTES)
        return refuse(r, 414, "the request line exceeds the limit");
    if (!first && length + *bytes > r->limits->header_bytes + CHUNK_BYTES * r->body_length)
        return refuse(r, 431, "the header fields or chunk extensions exceed the limit");
    if (end.pos < 0)
        return false;
    if (first && length == 2 && *evbuffer_pullup(input, 2) == '\r')
        return evbuffer_drain(input, 2) == 0; /* RFC 9112, 2.2 */
    *bytes += first ? 0 : length;
    sound = judge_line(r, (char *)evbuffer_pullup(input, (ev_ssize_t)length), length);
    evbuffer_drain(input, length);
    return sound;
}

static bool
take_data(struct http_request *r, struct evbuffer *input)
{
    size_t length = evbuffer_get_contiguous_space(input);
    bool sound;

    if (length > r->parser.content_length)
        length = r->parser.content_length;
    if (!length)
        return false;
    sound = parse(r, (const char *)evbuffer_pullup(input, (ev_ssize_t)length), length);
    evbuffer_drain(input, length);
    r->in_data = r->parser.content_length != 0;
    return sound;
}

void
http_request_read(struct http_request *r, struct evbuffer *input)
{
    if (!r->parser.data) {
        llhttp_init(&r->parser, HTTP_REQUEST, &settings);
        r->parser.data = r;
    }
    while (!r->complete && !r->status) {
        bool had_head = r->head_complete;

        if (!(r->in_data ? take_data(r, input) : take_line(r, input)))
            return;
        if (!had_head && r->head_complete)
            check_head(r);
    }
}

void
http_request_clear(struct http_request *r)
{
    for (unsigned i = 0; i < HTTP_FIELDS; i++)
        forget_field(r, i);
    if (r->body)
        secret_wipe(r->body, r->body_length);
    free(r->body);
    free(r->target);
    *r = (struct http_request){.limits = r->limits};
}

static char *
take(struct http_request *r, unsigned field)
{
    char *value = r->fields[field];

    r->fields[field] = NULL;
    return value;
}

void
http_request_give(struct http_request *r, struct call *call)
{
    if (r->body) {
        free(call->body);
        call->body = r->body; /* resizing could leave a copy of a password behind */
        call->body_length = r->body_length;
        r->body = NULL;
    }
    call->content_type = take(r, HTTP_CONTENT_TYPE);
    call->authorization = take(r, HTTP_AUTHORIZATION);
    call->host = take(r, HTTP_HOST);
    call->origin = take(r, HTTP_ORIGIN);
    call->if_match = take(r, HTTP_IF_MATCH);
    call->acts_for = take(r, HTTP_ACTS_FOR);
    for (unsigned i = 0; i < CALL_FIELDS; i++)
        call->fields[i] = take(r, HTTP_CALL_FIELDS + i);
}
