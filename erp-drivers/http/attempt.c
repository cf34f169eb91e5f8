/* The state of an attempt, and where it is among its steps. */
#include "erp-drivers/http/attempt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/reason.h"
#include "common/template/template.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/plain_text.h"

#define LINE_BYTES 100
#define BODY_BYTES 2000
#define SHOWN_BYTES 160

static const char *const section_names[] = {
    [LOGIN] = "login",   [LOOKUP] = "lookup", [CREATE] = "create", [COMMIT] = "commit",
    [VERIFY] = "verify", [UNDO] = "undo",     [CHECK] = "check",   [LOGOUT] = "logout",
};

struct attempt *
http_attempt_new(struct session *session, struct erp_job *job, const struct engine_calls *calls)
{
    struct attempt *a = mem_alloc(sizeof *a);

    a->engine =
        (struct engine){.calls = calls, .attempt = a, .recipe = session->recipe, .job = job};
    a->session = session;
    a->job = job;
    job->secrets = session->kept;
    a->vars = json_object();
    return a;
}

void
http_attempt_free(struct attempt *a)
{
    http_attempt_clear_steps(a);
    json_decref(a->vars);
    json_decref(a->kept_vars);
    reply_clear(&a->reply);
    found_clear(&a->engine.found);
    erp_outcome_clear(&a->outcome);
    free(a->scratch);
    free(a);
}

bool
http_attempt_in_doubt(const struct attempt *a)
{
    return a->committed || a->job->order->commit_sent;
}

const char *
http_attempt_section_name(const struct attempt *a)
{
    return section_names[a->section];
}

/* --- failures --- */

static void set_failure(struct attempt *a, const char *code, bool unexpected, const char *format,
                        va_list arguments) __attribute__((format(printf, 4, 0)));

static void
set_failure(struct attempt *a, const char *code, bool unexpected, const char *format,
            va_list arguments)
{
    char words[2 * sizeof a->failure.words];

    vsnprintf(words, sizeof words, format, arguments);
    erp_job_mask(a->job, words);
    a->failure = (struct failure){.code = code, .unexpected = unexpected};
    text_copy(a->failure.words, sizeof a->failure.words, words);
}

enum result
http_attempt_fail(struct attempt *a, const char *code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_failure(a, code, false, format, arguments);
    va_end(arguments);
    return FAILED;
}

enum result
http_attempt_unexpected(struct attempt *a, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_failure(a, REASON_ERP_FAILURE, true, format, arguments);
    va_end(arguments);
    return FAILED;
}

/* "GET /lines", without its query; empty where the request was secret. template_free() it. */
static char *
request_line(const struct attempt *a)
{
    const char *request = a->reply.request, *url = request + strcspn(request, " ");
    const char *path = *url ? url + 1 : url;
    size_t base = strlen(a->session->url);
    char *line;

    if (strncmp(path, a->session->url, base) == 0)
        path += base;
    line = mem_format("%.*s%.*s", (int)(path == url ? 0 : url + 1 - request), request,
                      (int)strcspn(path, "?#\n"), path);
    erp_job_mask(a->job, line);
    if (strlen(line) > LINE_BYTES)
        line[LINE_BYTES] = '\0';
    return line;
}

char *
http_attempt_reply_words(const struct attempt *a, const char *what)
{
    char *line = request_line(a), *words;
    /* What a secret request is granted may be a token. */
    char *body = mem_string(*line || a->reply.status >= 400 ? a->reply.body : "");

    erp_job_mask(a->job, body); /* before it is cut */
    if (strlen(body) > BODY_BYTES)
        body[BODY_BYTES] = '\0';
    plain_text(body, SHOWN_BYTES);
    words = mem_format("%s%sstatus %d%s%s%s%s", line, *line ? ": " : "", a->reply.status,
                       *what ? ", " : "", what, *body ? ": " : "", body);
    template_free(line);
    template_free(body);
    return words;
}

/* --- levels of steps --- */

void
http_attempt_section(struct attempt *a, enum section section)
{
    const char *name = section_names[section];

    http_attempt_clear_steps(a);
    a->section = section;
    a->failure = (struct failure){.code = NULL};
    levels_push(&a->engine.levels, json_object_get(a->session->recipe, name), name, false);
}

void
http_attempt_paging_end(struct attempt *a)
{
    json_decref(a->paging.rows);
    json_decref(a->paging.last);
    free(a->paging.next);
    a->paging = (struct paging){.rows = NULL};
}

void
http_attempt_clear_steps(struct attempt *a)
{
    levels_clear(&a->engine.levels);
    http_attempt_paging_end(a);
}

void
http_attempt_label(const struct attempt *a, char *text, size_t size)
{
    const json_t *step = levels_step(&a->engine.levels);
    const char *name = json_string_value(json_object_get(step, "name"));
    size_t used = levels_label(&a->engine.levels, section_names[a->section], text, size);

    if (used < size && name)
        snprintf(text + used, size - used, " \"%s\"", name);
}
