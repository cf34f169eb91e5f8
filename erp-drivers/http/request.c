/* From a step to a request, and from its reply to a variable. */
#include "erp-drivers/http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/host_pattern.h"
#include "common/order/reason.h"
#include "erp-drivers/http/body.h"
#include "erp-drivers/http/condition.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/value.h"
#include "erp-drivers/http/xml.h"
#include "erp-drivers/plain_text.h"

#define BOUNDARY "pumpline-4b1f0c5d7e92"
#define PAGES_MAX 1000
#define HEADER_BYTES 4096
#define WORDS_BYTES 160
#define SHOWN_BYTES 4000
#define TOO_MANY_REQUESTS 429
#define UNAVAILABLE 503

/* For logs. */
static const char *const request_words[] = {
    [LOGIN] = "login",   [LOOKUP] = "look-up",   [CREATE] = "preparation",
    [COMMIT] = "commit", [VERIFY] = "read-back", [UNDO] = "undo",
};

/* --- the URL --- */

/* What must not get a token: any host but the ERP's and those that the recipe names. */
static bool
is_allowed(const struct walk *a, const char *url)
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
whole_url(const struct walk *a, char *url)
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
linked_url(const struct walk *a, const char *link)
{
    const char *path = strstr(a->session->url, "://") + 3;

    if (*link != '/')
        return whole_url(a, mem_string(link));
    return mem_format("%.*s%s", (int)(path + strcspn(path, "/") - a->session->url), a->session->url,
                      link);
}

static bool
set_url(struct walk *a, const json_t *step, const char *method_name)
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
    walk_unexpected(a, "%.200s is not at the ERP's host, nor at one of the recipe's hosts", url);
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
is_of_session(const struct walk *a, const json_t *template)
{
    return a->section == LOGIN && strstr(json_string_value(template), "{session.");
}

static bool
add_headers(struct walk *a, const json_t *headers)
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
            walk_fail(a, REASON_ERP_REJECTED, "a header cannot hold the value of %s", name);
        template_free(value);
        if (!sound)
            return false;
    }
    return true;
}

/* The step's own headers go before those of every request. */
static bool
set_headers(struct walk *a, const json_t *step, const char *type)
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
body_of(struct walk *a, const json_t *step, const char **type)
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
set_body(struct walk *a, const json_t *step, const char *method)
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
note_request(struct walk *a, const json_t *step)
{
    const struct erp_request *request = &a->job->request;

    reply_clear(&a->reply);
    a->reply.name = json_string_value(json_object_get(step, "name"));
    a->reply.request = request->secret
                           ? mem_string("")
                           : mem_format("%s %s\n%.*s", request->method, request->url, SHOWN_BYTES,
                                        request->body ? request->body : "");
}

/* As many a second as the recipe says, and not before the ERP has had its time. */
static void
set_delay(struct walk *a)
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
must_be_fresh(const struct walk *a, bool acts)
{
    return acts && (a->section == UNDO ||
                    (a->section == CREATE && json_object_get(a->session->recipe, "undo")));
}

/* The first of a list's pages. */
static void
paging_begin(struct walk *a, const json_t *pages)
{
    if (!pages || a->paging.rows)
        return;
    a->paging.rows = json_array();
    value_set(a, "page", json_integer(recipe_number(pages, "from", 0)));
    value_set(a, "cursor", json_string(""));
}

enum result
request_send(struct walk *a, const json_t *step, const char *method_name)
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
    request->what = request_words[a->section];
    request->secret = a->section == LOGIN;
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

/* --- what a reply means --- */

static enum result
not_whole(struct walk *a, const struct erp_reply *reply)
{
    struct erp_outcome outcome = {.reason_code = ""};

    erp_reply_technical(
        reply, a->job->request.what ? a->job->request.what : request_words[a->section], &outcome);
    return walk_fail(a, REASON_ERP_UNREACHABLE, "%s", outcome.reason_text);
}

/* Neither a rule nor the step knows it. */
static enum result
not_expected(struct walk *a, const char *wanted)
{
    char *words = mem_format("%.2000s", a->reply.body);
    bool busy = a->reply.status == TOO_MANY_REQUESTS || a->reply.status == UNAVAILABLE;

    walk_mask(a, words);
    plain_text(words, WORDS_BYTES);
    walk_unexpected(a, "status %d, %s%s%s%s%s", a->reply.status, reply_type_name(a->reply.type),
                    *wanted ? ", expected " : "", wanted, *words ? ": " : "", words);
    if (busy)
        a->failure.code = REASON_ERP_BUSY;
    a->failure.unexpected = !busy;
    a->failure.retry_after_ms = a->reply.retry_after_ms;
    template_free(words);
    return FAILED;
}

static enum result
check_expected(struct walk *a, const json_t *step)
{
    const json_t *status = json_object_get(step, "status");
    const json_t *xpath = json_object_get(step, "xpath");
    const char *wanted = json_string_value(json_object_get(step, "reply"))
                             ?: xpath ? "any"
                                      : "json";

    if (status ? !condition_status(status, a->reply.status) : a->reply.status / 100 != 2)
        return not_expected(a, "");
    if (xpath && !a->reply.xml)
        return not_expected(a, "xml");
    if (strcmp(wanted, "json") == 0 && a->reply.type != REPLY_JSON)
        return not_expected(a, "json");
    if (strcmp(wanted, "text") == 0 && a->reply.type != REPLY_TEXT && a->reply.type != REPLY_XML &&
        a->reply.type != REPLY_JSON)
        return not_expected(a, "text");
    return DONE;
}

/* --- pages --- */

static bool
next_by_number(struct walk *a, const json_t *pages, const json_t *rows)
{
    json_int_t step = recipe_number(pages, "step", 1);

    if (!json_array_size(rows))
        return false;
    value_set(a, "page",
              json_integer(recipe_number(pages, "from", 0) + (json_int_t)a->paging.count * step));
    return true;
}

static bool
next_by_cursor(struct walk *a, const json_t *pages)
{
    const json_t *cursor =
        reply_pointer(a->reply.json, json_string_value(json_object_get(pages, "cursor")));
    const char *text = value_as_text(a, cursor);

    if (!text || !*text || json_is_false(cursor))
        return false;
    value_set(a, "cursor", json_string(text));
    return true;
}

/* <URL>; rel="next" */
static char *
link_of(const struct reply *reply)
{
    char value[HEADER_BYTES], *at = value, *end;

    if (!reply_header(reply, "Link", value, sizeof value))
        return NULL;
    while ((at = strchr(at, '<')) && (end = strchr(at, '>'))) {
        size_t length = strcspn(end, ",");

        if (memmem(end, length, "rel=\"next\"", 10) || memmem(end, length, "rel=next", 8))
            return mem_format("%.*s", (int)(end - at - 1), at + 1);
        at = end;
    }
    return NULL;
}

static bool
next_by_url(struct walk *a, const json_t *pages)
{
    const char *pointer = json_string_value(json_object_get(pages, "next"));
    const char *url = pointer ? json_string_value(reply_pointer(a->reply.json, pointer)) : NULL;

    free(a->paging.next);
    a->paging.next = pointer ? (url && *url ? mem_string(url) : NULL) : link_of(&a->reply);
    return a->paging.next != NULL;
}

static bool
has_next(struct walk *a, const json_t *pages, const json_t *rows)
{
    if (json_object_get(pages, "from"))
        return next_by_number(a, pages, rows);
    return json_object_get(pages, "cursor") ? next_by_cursor(a, pages) : next_by_url(a, pages);
}

/* A server that always shows the same page would show it for ever. */
static enum result
take_page(struct walk *a, const json_t *step, const json_t *rows)
{
    bool more;

    if (!json_is_array(rows))
        return walk_unexpected(a, "the reply has no list at %s",
                               json_string_value(json_object_get(step, "at")));
    if (a->paging.last && json_array_size(rows) && json_equal(a->paging.last, rows))
        return walk_unexpected(a, "two pages are the same: the ERP does not page as expected");
    if (++a->paging.count > PAGES_MAX)
        return walk_unexpected(a, "there are more than %d pages", PAGES_MAX);
    json_decref(a->paging.last);
    a->paging.last = json_incref((json_t *)rows);
    json_array_extend(a->paging.rows, (json_t *)rows);
    if (json_array_size(a->paging.rows) > ERP_REPLY_VALUES_MAX)
        return walk_unexpected(a, "the pages have too many rows");
    more = has_next(a, json_object_get(step, "pages"), rows);
    if (more)
        return request_send(a, step, recipe_verb(true, step));
    value_set(a, json_string_value(json_object_get(step, "into")), json_incref(a->paging.rows));
    walk_paging_end(a);
    return DONE;
}

/* --- the variable --- */

static enum result
take_xml(struct walk *a, const json_t *step, const json_t *xpath)
{
    json_t *value = xml_rows(a->reply.xml, json_object_get(a->session->recipe, "namespaces"),
                             json_string_value(json_object_get(xpath, "rows")),
                             json_object_get(xpath, "fields"));

    if (!value)
        return walk_unexpected(a, "%s does not find elements",
                               json_string_value(json_object_get(xpath, "rows")));
    value_set(a, json_string_value(json_object_get(step, "into")), value);
    return DONE;
}

static enum result
take_value(struct walk *a, const json_t *step)
{
    const char *at = json_string_value(json_object_get(step, "at")) ?: "";
    const char *into = json_string_value(json_object_get(step, "into"));
    const json_t *value = reply_pointer(a->reply.json, at);
    const json_t *xpath = json_object_get(step, "xpath");
    bool text = a->reply.type != REPLY_JSON;

    if (xpath)
        return take_xml(a, step, xpath);
    if (text && into)
        value_set(a, into, json_string(a->reply.body) ?: json_string(""));
    if (text || (!into && !*at))
        return DONE;
    if (!value)
        return walk_unexpected(a, "the reply has nothing at %s", at);
    if (json_object_get(step, "pages"))
        return take_page(a, step, value);
    if (into)
        value_set(a, into, json_incref((json_t *)value));
    return DONE;
}

enum result
request_take(struct walk *a, const json_t *step, const struct erp_reply *reply)
{
    enum result result;

    if (!reply->complete)
        return not_whole(a, reply);
    reply_take(&a->reply, reply);
    result = rules_check(a);
    if (result == DONE)
        result = check_expected(a, step);
    if (result == DONE)
        result = take_value(a, step);
    return result;
}
