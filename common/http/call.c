#include "common/http/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/base/text_value.h"
#include "common/json/text.h"

static char *
string_or_null(const char *text)
{
    return text ? mem_string(text) : NULL;
}

struct call *
call_new(const char *method, const char *target, const char *body, size_t body_length,
         const char *content_type, const char *authorization)
{
    struct call *call = mem_alloc(sizeof *call);
    size_t path_length = strcspn(target, "?");

    call->method = mem_string(method);
    call->path = mem_part(target, path_length);
    call->query = target[path_length] ? mem_string(target + path_length + 1) : NULL;
    call->body = mem_alloc(body_length + 1);
    if (body_length)
        memcpy(call->body, body, body_length);
    call->body_length = body_length;
    call->content_type = string_or_null(content_type);
    call->authorization = string_or_null(authorization);
    return call;
}

static void
call_free(struct call *call)
{
    secret_wipe(call->body, call->body_length);
    if (call->authorization)
        secret_wipe(call->authorization, strlen(call->authorization));
    free(call->authorization);
    for (size_t i = 0; i < CALL_FIELDS; i++) {
        if (call->fields[i])
            secret_wipe(call->fields[i], strlen(call->fields[i]));
        free(call->fields[i]);
    }
    free(call->owned);
    free(call->more_headers);
    free(call->acts_for);
    free(call->if_match);
    free(call->origin);
    free(call->host);
    free(call->content_type);
    free(call->body);
    free(call->query);
    free(call->path);
    free(call->method);
    free(call);
}

void
call_header(struct call *call, const char *name, const char *value)
{
    text_copy(call->header_name, sizeof call->header_name, name);
    text_copy(call->header_value, sizeof call->header_value, value);
    text_clean(call->header_name);
    text_clean(call->header_value);
}

void
call_header_add(struct call *call, const char *name, const char *value)
{
    char *before = call->more_headers;

    call->more_headers = mem_format("%s%s: %s\r\n", before ? before : "", name, value);
    free(before);
}

void
call_reply_text(struct call *call, int status, const char *content_type, const char *text,
                size_t length)
{
    if (call->observe)
        call->observe(call, status, text, length);
    call->send(call, status, content_type, text, length);
    call_free(call);
}

void
call_reply_owned(struct call *call, int status, const char *content_type, char *text, size_t length)
{
    call->owned = text;
    call_reply_text(call, status, content_type, text, length);
}

static void
reply_json(struct call *call, int status, const char *content_type, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    if (!text)
        die_abort("cannot write a reply to %s %s as JSON", call->method, call->path);
    json_decref(body);
    call_reply_owned(call, status, content_type, text, strlen(text));
}

void
call_problem_json(struct call *call, json_t *problem)
{
    int status = (int)json_integer_value(json_object_get(problem, "status"));

    reply_json(call, status, "application/problem+json", problem);
}

void
call_reply(struct call *call, int status, json_t *body)
{
    reply_json(call, status, "application/json", body);
}

void
call_problem(struct call *call, int status, const char *code, json_t *fields, const char *format,
             ...)
{
    va_list arguments;
    char detail[1025], cut[1024]; /* one more, so that text_copy sees where to cut */

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    text_copy(cut, sizeof cut, detail);
    text_clean(cut);
    call_problem_json(call, problem_json(status, code, fields, cut));
}

struct call_stream *
call_stream_start(struct call *call, const char *content_type, void (*closed)(void *arg), void *arg)
{
    struct call_stream *stream;

    if (!call->stream) {
        call_problem(call, 501, "no_stream", NULL, "this call is available over HTTP only");
        return NULL;
    }
    stream = call->stream(call, content_type);
    call_free(call);
    if (stream) {
        stream->closed = closed;
        stream->arg = arg;
    }
    return stream;
}

void
call_stream_send(struct call_stream *stream, const char *data, size_t length)
{
    stream->carrier->send(stream, data, length);
}

size_t
call_stream_backlog(const struct call_stream *stream)
{
    return stream->carrier->backlog(stream);
}

void
call_stream_end(struct call_stream *stream)
{
    stream->carrier->end(stream);
}

void
call_stream_cut(struct call_stream *stream)
{
    stream->carrier->cut(stream);
}

bool
call_is_json(const struct call *call)
{
    static const char json[] = "application/json";
    size_t length = sizeof json - 1;

    if (!call->content_type)
        return call->trusted;
    return strncasecmp(call->content_type, json, length) == 0 &&
           strchr("; \t", call->content_type[length]);
}

json_t *
call_object(struct call *call)
{
    struct err err;
    json_t *object;

    /* `curl -d` sends a form type by default; harmless if the sender cannot be a page in a browser.
     */
    if (!call->trusted && !call_is_json(call)) {
        call_problem(call, 415, "unsupported_media_type", NULL,
                     "Content-Type must be application/json");
        return NULL;
    }
    object = json_text_read(call->body, call->body_length, 0, &err);
    if (json_is_object(object))
        return object;
    call_problem(call, 400, "invalid_json", NULL, "%s",
                 object ? "the body must be a JSON object" : err.text);
    json_decref(object);
    return NULL;
}

bool
call_bare(struct call *call)
{
    json_t *body, *names, *value;
    const char *name;
    bool bare;

    if (!call->body_length)
        return true;
    body = call_object(call);
    bare = body && !json_object_size(body);
    if (body && !bare) {
        names = json_array();
        json_object_foreach(body, name, value)
        {
            json_array_append_new(names, json_string(name));
        }
        call_problem(call, 400, "invalid_fields", names, "this call takes no members");
    }
    json_decref(body);
    return bare;
}

json_t *
problem_json(int status, const char *code, json_t *fields, const char *detail)
{
    json_t *problem = json_pack("{s:s s:s s:i s:s}", "type", "about:blank", "title",
                                status_phrase(status), "status", status, "code", code);

    /* Text that is not UTF-8 cannot be put into JSON. */
    if (json_object_set_new(problem, "detail", json_string(detail)))
        json_object_set_new(problem, "detail", json_string(code));
    if (fields)
        json_object_set_new(problem, "fields", fields);
    return problem;
}

json_t *
problem_code(int status, const char *body, size_t length)
{
    json_t *problem = status >= 400 ? json_loadb(body, length, 0, NULL) : NULL;
    json_t *code = json_incref(json_object_get(problem, "code"));

    json_decref(problem);
    return code;
}

const char *
status_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {{200, "OK"},
                   {202, "Accepted"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {406, "Not Acceptable"},
                   {408, "Request Timeout"},
                   {409, "Conflict"},
                   {412, "Precondition Failed"},
                   {413, "Content Too Large"},
                   {414, "URI Too Long"},
                   {415, "Unsupported Media Type"},
                   {417, "Expectation Failed"},
                   {421, "Misdirected Request"},
                   {429, "Too Many Requests"},
                   {431, "Request Header Fields Too Large"},
                   {500, "Internal Server Error"},
                   {501, "Not Implemented"},
                   {502, "Bad Gateway"},
                   {503, "Service Unavailable"},
                   {504, "Gateway Timeout"},
                   {505, "HTTP Version Not Supported"}};

    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Unknown";
}
