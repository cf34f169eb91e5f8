/* From requests and replies to lines and JSON. */
#include "worker/dryrun/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/template/template.h"
#include "worker/dryrun/folder.h"

#define DIALOGUE "dialogue.json"
#define SAID_BYTES 1500

/* A copy without the password; template_free() it. */
static char *
masked(const struct erp_job *job, const char *text)
{
    char *copy = mem_string(text ? text : "");

    erp_job_mask(job, copy);
    return copy;
}

/* --- said --- */

static void
say_body(struct progress *p, const struct erp_job *job, const char *sign, const char *body)
{
    char *text = job->request.secret ? mem_string("(not shown)") : masked(job, body);

    if (*text)
        dryrun_page_say(p->page, "               %s %.*s%s\n", sign, SAID_BYTES, text,
                        strlen(text) > SAID_BYTES ? " …" : "");
    if (strlen(text) > SAID_BYTES)
        dryrun_page_fold(p->page, "all of it", text);
    template_free(text);
}

static void
say(struct progress *p, const struct erp_job *job, const struct erp_reply *reply)
{
    const struct erp_request *request = &job->request;
    char *url = masked(job, request->url);
    int64_t took_ms = clock_monotonic_ms() - p->began_ms;

    dryrun_page_say(p->page, "%3u %7.2f s  %s: %s %s\n", ++p->steps, (double)took_ms / 1000,
                    request->what, request->method, url);
    say_body(p, job, "->", request->body);
    if (reply->complete)
        dryrun_page_say(p->page, "               <- %d\n", reply->status);
    else
        dryrun_page_say(p->page, "               <- %s: %s\n",
                        reply->sent ? "incomplete reply" : "no reply",
                        reply->error ? reply->error : "");
    say_body(p, job, "  ", reply->body);
    fflush(stdout);
    template_free(url);
}

/* --- kept --- */

static json_t *
body_json(const struct erp_job *job, const char *body)
{
    char *text = masked(job, body);
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    if (!value)
        value = json_string(text);
    template_free(text);
    return value ? value : json_string("");
}

/* Whatever it is called, it may be a token. */
static json_t *
without_texts(const json_t *value)
{
    json_t *copy, *member;
    const char *name;
    size_t i;

    if (json_is_string(value))
        return json_string("masked");
    if (!json_is_object(value) && !json_is_array(value))
        return json_incref((json_t *)value);
    copy = json_is_object(value) ? json_object() : json_array();
    json_object_foreach((json_t *)value, name, member)
    {
        json_object_set_new(copy, name, without_texts(member));
    }
    json_array_foreach(value, i, member)
    {
        json_array_append_new(copy, without_texts(member));
    }
    return copy;
}

/* Cookies are sessions, too, and where a secret request is redirected to may contain a token. */
static json_t *
headers_json(const char *headers, bool secret)
{
    static const char *const all[] = {"Content-Type", "Retry-After", "ETag", "Link", "Location"};
    size_t count = secret ? 2 : sizeof all / sizeof *all;
    json_t *object = json_object();

    for (const char *line = headers; line && *line; line += strspn(line, "\r\n")) {
        size_t length = strcspn(line, "\r\n");

        for (size_t i = 0; i < count; i++) {
            size_t name = strlen(all[i]);

            if (length > name + 1 && line[name] == ':' && strncasecmp(line, all[i], name) == 0) {
                size_t blank = strspn(line + name + 1, " ");

                json_object_set_new(
                    object, all[i],
                    json_stringn(line + name + 1 + blank, length - name - 1 - blank));
            }
        }
        line += length;
    }
    return object;
}

static json_t *
request_json(const char *erp_url, const struct erp_job *job)
{
    const struct erp_request *request = &job->request;
    size_t base = strlen(erp_url);
    char *url = masked(job, request->url);
    json_t *value;

    while (base && erp_url[base - 1] == '/')
        base--;
    value = json_pack("{s:s s:s s:b}", "method", request->method, "path",
                      strncmp(url, erp_url, base) ? url : url + base, "commits", request->commits);
    if (!request->secret && request->body_length)
        json_object_set_new(value, "body", body_json(job, request->body));
    template_free(url);
    return value;
}

static json_t *
reply_json(const struct erp_job *job, const struct erp_reply *reply)
{
    json_t *body, *plain, *kept;
    char *headers;

    if (!reply->complete)
        return json_pack("{s:b}", "lost", 1);
    body = body_json(job, reply->body);
    if (job->request.secret) {
        plain = without_texts(body);
        json_decref(body);
        body = plain;
    }
    headers = masked(job, reply->headers);
    kept = headers_json(headers, job->request.secret);
    template_free(headers);
    return json_pack("{s:i s:o s:o}", "status", reply->status, "headers", kept, "body", body);
}

json_t *
exchange_json(const char *erp_url, const struct erp_job *job, const struct erp_reply *reply)
{
    return json_pack("{s:o s:o}", "request", request_json(erp_url, job), "reply",
                     reply_json(job, reply));
}

void
exchange_add(struct progress *p, const struct erp_job *job, const struct erp_reply *reply)
{
    if (strcmp(job->request.what, "undo"))
        p->section = job->request.what;
    say(p, job, reply);
    json_array_append_new(p->exchanges, exchange_json(p->setup->url, job, reply));
}

/* With it a replay sends what was kept, if it was sent: the password as it is masked. */
static json_t *
credentials_json(const struct erp_job *job, const json_t *exchanges)
{
    size_t length = job->auth && job->auth->password ? strlen(job->auth->password) : 0;
    char *mask = mem_alloc(length + 1), *text = json_dumps(exchanges, JSON_COMPACT);
    json_t *credentials = NULL;

    memset(mask, '*', length);
    if (length && text && strstr(text, mask))
        credentials = json_pack("{s:s}", "password", mask);
    free(mask);
    free(text);
    return credentials;
}

/* NULL: the run was interrupted. */
static json_t *
ends_json(const struct progress *p, const struct erp_job *job, const struct erp_outcome *outcome,
          enum erp_verdict verdict)
{
    static const char *const names[] = {[ERP_CREATED] = "created",
                                        [ERP_RETRY] = "retry",
                                        [ERP_REJECT] = "reject",
                                        [ERP_PARK] = "park"};

    if (outcome)
        return json_pack("{s:s s:s s:s}", "verdict", names[verdict], "reason_code",
                         outcome->reason_code ? outcome->reason_code : "", "reference",
                         outcome->reference);
    if (p->interrupted && !job->request.commits)
        return NULL;
    return json_pack("{s:s}", "stopped_before", job->request.commits ? "commit" : "verify");
}

void
exchange_save(struct progress *p, const struct erp_job *job, const struct erp_outcome *outcome,
              enum erp_verdict verdict)
{
    const struct order *order = job->order;
    json_t *dialogue =
        json_pack("{s:s s:O* s:o* s:{s:s s:s s:s s:s} s:O s:o*}", "url", p->setup->url, "options",
                  p->setup->options, "credentials", credentials_json(job, p->exchanges), "order",
                  "uniqueid", order->uniqueid, "worksheet", order->worksheet, "product_nr",
                  order->product_nr, "product_amount", order->product_amount, "exchanges",
                  p->exchanges, "ends", ends_json(p, job, outcome, verdict));
    char *text = json_dumps(dialogue, JSON_INDENT(1) | JSON_REAL_PRECISION(15));

    if (text && dryrun_folder_save(p->setup->folder, DIALOGUE, text, strlen(text)))
        fprintf(stderr, "%s/" DIALOGUE ": %s\n", p->setup->folder_path, strerror(errno));
    free(text);
    json_decref(dialogue);
}
