/* The state of an attempt, and where it is among its steps. */
#include "erp-drivers/http/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/reason.h"
#include "erp-drivers/http/reply.h"

static const char *const section_names[] = {
    [LOGIN] = "login",   [LOOKUP] = "lookup", [CREATE] = "create", [COMMIT] = "commit",
    [VERIFY] = "verify", [UNDO] = "undo",     [CHECK] = "check",   [LOGOUT] = "logout",
};

struct walk *
walk_new(struct session *session, struct erp_job *job, const struct engine_calls *calls)
{
    struct walk *a = mem_alloc(sizeof *a);

    a->engine =
        (struct engine){.calls = calls, .attempt = a, .recipe = session->recipe, .job = job};
    a->session = session;
    a->job = job;
    job->secrets = session->kept;
    a->vars = json_object();
    return a;
}

void
walk_free(struct walk *a)
{
    walk_clear_steps(a);
    json_decref(a->vars);
    json_decref(a->kept_vars);
    reply_clear(&a->reply);
    found_clear(&a->engine.found);
    erp_outcome_clear(&a->outcome);
    free(a->scratch);
    free(a);
}

bool
walk_in_doubt(const struct walk *a)
{
    return a->committed || a->job->order->commit_sent;
}

/* --- failures --- */

static void set_failure(struct walk *a, const char *code, bool unexpected, const char *format,
                        va_list arguments) __attribute__((format(printf, 4, 0)));

static void
set_failure(struct walk *a, const char *code, bool unexpected, const char *format,
            va_list arguments)
{
    char words[2 * sizeof a->failure.words];

    vsnprintf(words, sizeof words, format, arguments);
    erp_job_mask(a->job, words);
    a->failure = (struct failure){.code = code, .unexpected = unexpected};
    text_copy(a->failure.words, sizeof a->failure.words, words);
}

enum result
walk_fail(struct walk *a, const char *code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_failure(a, code, false, format, arguments);
    va_end(arguments);
    return FAILED;
}

enum result
walk_unexpected(struct walk *a, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_failure(a, REASON_ERP_FAILURE, true, format, arguments);
    va_end(arguments);
    return FAILED;
}

/* --- levels of steps --- */

void
walk_section(struct walk *a, enum section section)
{
    const char *name = section_names[section];

    walk_clear_steps(a);
    a->section = section;
    a->failure = (struct failure){.code = NULL};
    levels_push(&a->engine.levels, json_object_get(a->session->recipe, name), name, false);
}

void
walk_paging_end(struct walk *a)
{
    json_decref(a->paging.rows);
    json_decref(a->paging.last);
    free(a->paging.next);
    a->paging = (struct paging){.rows = NULL};
}

void
walk_clear_steps(struct walk *a)
{
    levels_clear(&a->engine.levels);
    walk_paging_end(a);
}

void
walk_label(const struct walk *a, char *text, size_t size)
{
    const json_t *step = levels_step(&a->engine.levels);
    const char *name = json_string_value(json_object_get(step, "name"));
    size_t used = levels_label(&a->engine.levels, section_names[a->section], text, size);

    if (used < size && name)
        snprintf(text + used, size - used, " \"%s\"", name);
}
