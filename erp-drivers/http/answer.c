/* From a reply to a variable, or to the next page. */
#include "erp-drivers/http/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
#include "common/template/template.h"
#include "erp-drivers/http/condition.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/request.h"
#include "erp-drivers/http/rules.h"
#include "erp-drivers/http/value.h"
#include "erp-drivers/http/xml.h"

#define PAGES_MAX 1000
#define HEADER_BYTES 4096
#define TOO_MANY_REQUESTS 429
#define UNAVAILABLE 503
#define REDIRECTION 3
#define WHAT_BYTES 120

/* --- what a reply means --- */

static enum result
not_whole(struct attempt *a, const struct erp_reply *reply)
{
    struct erp_outcome outcome = {.reason_code = ""};
    const char *word = http_attempt_section_name(a);

    /* What it says is "WORD: …", and the reason begins with the step. */
    erp_reply_technical(reply, word, &outcome);
    return http_attempt_fail(a, REASON_ERP_UNREACHABLE, "%s",
                             outcome.reason_text + strlen(word) + 2);
}

/* Neither a rule nor the step knows it. */
static enum result
not_expected(struct attempt *a, const char *what)
{
    char *words = http_attempt_reply_words(a, what);
    bool busy = a->reply.status == TOO_MANY_REQUESTS || a->reply.status == UNAVAILABLE;

    http_attempt_unexpected(a, "%s", words);
    if (busy)
        a->failure.code = REASON_ERP_BUSY;
    a->failure.unexpected = !busy;
    a->failure.retry_after_ms = a->reply.retry_after_ms;
    template_free(words);
    return FAILED;
}

static enum result
not_of_type(struct attempt *a, const char *wanted)
{
    char what[WHAT_BYTES];

    if (a->reply.type == REPLY_TEXT && strcmp(wanted, "json") == 0)
        return not_expected(a, "the body is not valid JSON");
    snprintf(what, sizeof what, "%s, expected %s", reply_type_name(a->reply.type), wanted);
    return not_expected(a, what);
}

/* "200, 4xx"; wanted NULL: any success. The caller frees it. */
static char *
status_list(const json_t *wanted)
{
    char *list = wanted ? json_dumps(wanted, JSON_ENCODE_ANY) : mem_string("2xx"), *to = list;

    for (const char *from = list; *from; from++)
        if (!strchr("[]\"", *from))
            *to++ = *from;
    *to = '\0';
    return list;
}

static enum result
not_of_status(struct attempt *a, const json_t *wanted)
{
    bool redirects = a->reply.status / 100 == REDIRECTION;
    char what[WHAT_BYTES], *list = status_list(wanted);

    snprintf(what, sizeof what, "%s, expected %.60s%s", reply_type_name(a->reply.type), list,
             redirects ? "; redirects are not followed" : "");
    free(list);
    return not_expected(a, what);
}

static enum result
check_expected(struct attempt *a, const json_t *step)
{
    const json_t *status = json_object_get(step, "status");
    const json_t *xpath = json_object_get(step, "xpath");
    const char *wanted = json_string_value(json_object_get(step, "reply"))
                             ?: xpath ? "any"
                                      : "json";

    if (status ? !condition_status(status, a->reply.status) : a->reply.status / 100 != 2)
        return not_of_status(a, status);
    if (xpath && !a->reply.xml)
        return not_of_type(a, "xml");
    if (strcmp(wanted, "json") == 0 && a->reply.type != REPLY_JSON)
        return not_of_type(a, "json");
    if (strcmp(wanted, "text") == 0 && a->reply.type != REPLY_TEXT && a->reply.type != REPLY_XML &&
        a->reply.type != REPLY_JSON)
        return not_of_type(a, "text");
    return DONE;
}

/* --- pages --- */

static bool
next_by_number(struct attempt *a, const json_t *pages, const json_t *rows)
{
    json_int_t step = recipe_number(pages, "step", 1);

    if (!json_array_size(rows))
        return false;
    value_set(a, "page",
              json_integer(recipe_number(pages, "from", 0) + (json_int_t)a->paging.count * step));
    return true;
}

static bool
next_by_cursor(struct attempt *a, const json_t *pages)
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
next_by_url(struct attempt *a, const json_t *pages)
{
    const char *pointer = json_string_value(json_object_get(pages, "next"));
    const char *url = pointer ? json_string_value(reply_pointer(a->reply.json, pointer)) : NULL;

    free(a->paging.next);
    a->paging.next = pointer ? (url && *url ? mem_string(url) : NULL) : link_of(&a->reply);
    return a->paging.next != NULL;
}

static bool
has_next(struct attempt *a, const json_t *pages, const json_t *rows)
{
    if (json_object_get(pages, "from"))
        return next_by_number(a, pages, rows);
    return json_object_get(pages, "cursor") ? next_by_cursor(a, pages) : next_by_url(a, pages);
}

/* A server that always shows the same page would show it for ever. */
static enum result
take_page(struct attempt *a, const json_t *step, const json_t *rows)
{
    bool more;

    if (!json_is_array(rows))
        return http_attempt_unexpected(a, "the reply has no list at %s",
                                       json_string_value(json_object_get(step, "at")));
    if (a->paging.last && json_array_size(rows) && json_equal(a->paging.last, rows))
        return http_attempt_unexpected(a,
                                       "two pages are the same: the ERP does not page as expected");
    if (++a->paging.count > PAGES_MAX)
        return http_attempt_unexpected(a, "the reply has more than %d pages", PAGES_MAX);
    json_decref(a->paging.last);
    a->paging.last = json_incref((json_t *)rows);
    json_array_extend(a->paging.rows, (json_t *)rows);
    if (json_array_size(a->paging.rows) > ERP_REPLY_VALUES_MAX)
        return http_attempt_unexpected(a, "the pages have too many rows");
    more = has_next(a, json_object_get(step, "pages"), rows);
    if (more)
        return request_send(a, step, recipe_verb(true, step));
    value_set(a, json_string_value(json_object_get(step, "into")), json_incref(a->paging.rows));
    http_attempt_paging_end(a);
    return DONE;
}

/* --- the variable --- */

static enum result
take_xml(struct attempt *a, const json_t *step, const json_t *xpath)
{
    json_t *value = xml_rows(a->reply.xml, json_object_get(a->session->recipe, "namespaces"),
                             json_string_value(json_object_get(xpath, "rows")),
                             json_object_get(xpath, "fields"));

    if (!value)
        return http_attempt_unexpected(a, "%s does not find elements",
                                       json_string_value(json_object_get(xpath, "rows")));
    value_set(a, json_string_value(json_object_get(step, "into")), value);
    return DONE;
}

static enum result
take_value(struct attempt *a, const json_t *step)
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
        return http_attempt_unexpected(a, "the reply has nothing at %s", at);
    if (json_object_get(step, "pages"))
        return take_page(a, step, value);
    if (into)
        value_set(a, into, json_incref((json_t *)value));
    return DONE;
}

enum result
answer_take(struct attempt *a, const json_t *step, const struct erp_reply *reply)
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
