/* From a step to a request. */
#include "erp-drivers/http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/host_pattern.h"
#include "common/order/reason.h"
#include "erp-drivers/http/body.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/value.h"

#define BOUNDARY "pumpline-4b1f0c5d7e92"
#define SHOWN_BYTES 4000

/* --- the URL --- */

/* What must not get a token: any host but the ERP's and those that the recipe names. */
static bool
is_allowed(const struct attempt *a, const char *url)
{
    const char *host = strstr(url, "://");
    struct host_pattern target, own, pattern;
    const json_t *name;
    size_t i;

    if (!host || (strncmp(url, "http://", 7) && strncmp(url, "https://", 8)) ||
        strcspn(host + 3, "/?#") > strcspn(host + 3, "@") || strpbrk(url, " \r\n\t\\"))
        return false;
    host_pattern_of_url(url, &target);
    host_pattern_of_url(a->session->url, &own);
    if (strcmp(target.host, own.host) == 0 && target.port == own.port)
        return strncmp(url, a->session->url, 5) == 0; /* never from https to http */
    json_array_foreach(json_object_get(a->session->recipe, "hosts"), i, name)
    {
        if (strncmp(url, "https://", 8) == 0 &&
            host_pattern_parse(json_string_value(name), &pattern) &&
            host_pattern_matches(&pattern, target.host, target.port))
            return true;
    }
    return false;
}

/* Absolute, or a path behind the ERP's URL; takes it over. */
static char *
whole_url(const struct attempt *a, char *url)
{
    char *whole;

    if (strstr(url, "://") && strcspn(url, ":/?#") == (size_t)(strstr(url, "://") - url))
        return url;
    whole = mem_format("%s%s%s", a->session->url, *url == '/' ? "" : "/", url);
    template_free(url);
    return whole;
}

/* A link is relative to the server, not to the ERP's URL. */
static char *
linked_url(const struct attempt *a, const char *link)
{
    const char *path = strstr(a->session->url, "://") + 3;

    if (*link != '/')
        return whole_url(a, mem_string(link));
    return mem_format("%.*s%s", (int)(path + strcspn(path, "/") - a->session->url), a->session->url,
                      link);
}

static bool
set_url(struct attempt *a, const json_t *step, const char *method_name)
{
    char *url = a->paging.next ? linked_url(a, a->paging.next)
                               : value_text(a, json_object_get(step, method_name));

    if (!url)
        return false;
    url = whole_url(a, url);
    if (is_allowed(a, url)) {
        a->job->request.url = url;
        return true;
    }
    erp_job_mask(a->job, url); /* before it is cut */
    http_attempt_unexpected(a, "%.200s is not at the ERP's host, nor at one of the recipe's hosts",
                            url);
    template_free(url);
    return false;
}

/* --- headers --- */

static bool
is_header_value(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static bool
has_header(const struct erp_request *request, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < request->header_count; i++)
        if (strncasecmp(request->headers[i], name, length) == 0 &&
            request->headers[i][length] == ':')
            return true;
    return false;
}

/* Whether it can't be there before the login has kept it. */
static bool
is_of_session(const struct attempt *a, const json_t *template)
{
    return a->section == LOGIN && strstr(json_string_value(template), "{session.");
}

static bool
add_headers(struct attempt *a, const json_t *headers)
{
    const char *name;
    json_t *template;
    char *value;
    bool sound;

    json_object_foreach((json_t *)headers, name, template)
    {
        if (has_header(&a->job->request, name) || is_of_session(a, template))
            continue;
        value = value_text(a, template);
        sound = value && is_header_value(value);
        if (sound)
            erp_request_header(&a->job->request, "%s: %s", name, value);
        else if (value)
            http_attempt_fail(a, REASON_ERP_REJECTED, "a header cannot hold the value of %s", name);
        template_free(value);
        if (!sound)
            return false;
    }
    return true;
}

/* The step's own headers go before those of every request. */
static bool
set_headers(struct attempt *a, const json_t *step, const char *type)
{
    if (!add_headers(a, json_object_get(step, "headers")) ||
        !add_headers(a, json_object_get(a->session->recipe, "headers")))
        return false;
    if (type && !has_header(&a->job->request, "Content-Type"))
        erp_request_header(&a->job->request, "Content-Type: %s", type);
    return true;
}

/* --- the body --- */

/* *type: what it is; NULL: there is none. */
static char *
body_of(struct attempt *a, const json_t *step, const char **type)
{
    const json_t *body;

    *type = "application/json";
    if ((body = json_object_get(step, "json")))
        return body_json(a, body);
    if ((body = json_object_get(step, "graphql")))
        return body_graphql(a, body, json_object_get(step, "variables"));
    *type = "application/x-www-form-urlencoded";
    if ((body = json_object_get(step, "form")))
        return body_form(a, body);
    *type = "multipart/form-data; boundary=" BOUNDARY;
    if ((body = json_object_get(step, "multipart")))
        return body_multipart(a, body, BOUNDARY);
    *type = "text/plain; charset=utf-8";
    if ((body = json_object_get(step, "body")))
        return value_text(a, body);
    *type = NULL;
    return NULL;
}

static bool
set_body(struct attempt *a, const json_t *step, const char *method)
{
    struct erp_request *request = &a->job->request;
    const char *type;

    request->body = body_of(a, step, &type);
    if (type && !request->body)
        return false;
    if (!request->body && strcmp(method, "GET") && strcmp(method, "DELETE"))
        request->body = mem_string("");
    request->body_length = request->body ? strlen(request->body) : 0;
    return set_headers(a, step, type);
}

/* --- sending --- */

/* What a person sees of it. A login holds the password or a key. */
static void
note_request(struct attempt *a, const json_t *step)
{
    const struct erp_request *request = &a->job->request;

    reply_clear(&a->reply);
    a->reply.name = json_string_value(json_object_get(step, "name"));
    a->reply.request = request->secret ? mem_string("")
                                       : mem_format("%s %s\n%s", request->method, request->url,
                                                    request->body ? request->body : "");
    erp_job_mask(a->job, a->reply.request); /* before it is cut */
    if (strlen(a->reply.request) > SHOWN_BYTES)
        a->reply.request[SHOWN_BYTES] = '\0';
}

/* As many a second as the recipe says, and not before the ERP has had its time. */
static void
set_delay(struct attempt *a)
{
    const json_t *rate = json_object_get(a->session->recipe, "requests_per_s");
    struct session *session = a->session;
    int64_t at_ms = a->job->now_ms + a->wait_ms;

    if (a->section == LOOKUP && at_ms < a->settled_ms)
        at_ms = a->settled_ms;
    if (at_ms < session->next_ms)
        at_ms = session->next_ms;
    if (json_number_value(rate) > 0)
        session->next_ms = at_ms + (int64_t)(1000 / json_number_value(rate)) + 1;
    a->job->request.delay_ms = (unsigned)(at_ms - a->job->now_ms);
    a->wait_ms = 0;
}

/* Whether the connection may be one on which libcurl repeats a request by itself. */
static bool
must_be_fresh(const struct attempt *a, bool acts)
{
    return acts && (a->section == UNDO ||
                    (a->section == CREATE && json_object_get(a->session->recipe, "undo")));
}

/* The first of a list's pages. */
static void
paging_begin(struct attempt *a, const json_t *pages)
{
    if (!pages || a->paging.rows)
        return;
    a->paging.rows = json_array();
    value_set(a, "page", json_integer(recipe_number(pages, "from", 0)));
    value_set(a, "cursor", json_string(""));
}

enum result
request_send(struct attempt *a, const json_t *step, const char *method_name)
{
    static const char *const methods[][2] = {
        {"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}};
    const json_t *timeout = json_object_get(step, "timeout_s");
    struct erp_request *request = &a->job->request;
    bool acts;

    erp_request_clear(request);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i][0], method_name) == 0)
            request->method = methods[i][1];
    acts = strcmp(request->method, "GET") != 0;
    paging_begin(a, json_object_get(step, "pages"));
    if (!set_url(a, step, method_name) || !set_body(a, step, request->method)) {
        erp_request_clear(request);
        return FAILED;
    }
    request->kind = ERP_HTTP;
    request->gzip = true;
    request->what = http_attempt_section_name(a);
    request->secret = a->section == LOGIN || a->section == LOGOUT;
    request->timeout_ms =
        timeout ? (unsigned)(1000 * json_number_value(timeout)) : a->session->timeout_ms;
    request->commits = acts && a->section == COMMIT;
    request->fresh = must_be_fresh(a, acts);
    a->committed |= request->commits;
    a->touched |= acts && a->section == CREATE;
    a->session_number = a->session->number;
    set_delay(a);
    note_request(a, step);
    return SENT;
}
