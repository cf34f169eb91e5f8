/* The state of an attempt, its requests, and its position among the steps. */
#include "erp-drivers/webdriver/attempt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/reason.h"

#define DELAY_FIRST_MS 25
#define DELAY_MAX_MS 100

static const char *const section_names[] = {
    [LOGIN] = "login",   [CHECK] = "check",   [LOOKUP] = "lookup", [CREATE] = "create",
    [COMMIT] = "commit", [VERIFY] = "verify", [LOGOUT] = "logout",
};

struct attempt *
attempt_new(struct browser *browser, struct erp_job *job, const struct engine_calls *calls)
{
    struct attempt *a = mem_alloc(sizeof *a);

    a->engine =
        (struct engine){.calls = calls, .attempt = a, .recipe = browser->recipe, .job = job};
    a->browser = browser;
    a->job = job;
    a->vars = json_object();
    a->frames = json_array();
    a->duplicates = json_array();
    return a;
}

void
attempt_free(struct attempt *a)
{
    attempt_clear_steps(a);
    json_decref(a->vars);
    json_decref(a->frames);
    json_decref(a->duplicates);
    free(a->window);
    found_clear(&a->engine.found);
    erp_outcome_clear(&a->outcome);
    free(a);
}

bool
attempt_in_doubt(const struct attempt *a)
{
    return a->committed || a->job->order->commit_sent;
}

/* --- sending --- */

enum result
attempt_send(struct attempt *a, const char *method, const char *command, json_t *body)
{
    struct erp_request *request = &a->job->request;

    wire_send(request, method, a->browser->url, a->browser->id, command, body);
    request->what = section_names[a->section];
    request->gate = a->opens_gate ? ERP_GATE_OPENS : ERP_GATE_STAYS;
    a->opens_gate = false;
    request->timeout_ms = a->browser->timeout_ms;
    request->delay_ms = a->step.wait_ms;
    a->step.wait_ms = 0;
    a->step.acting = a->step.asking = false;
    return SENT;
}

enum result
attempt_act(struct attempt *a, const char *method, char *command, json_t *body)
{
    enum result result = attempt_send(a, method, command, body);

    a->step.acting = true;
    if (a->section == COMMIT)
        a->job->request.commits = a->committed = true;
    free(command);
    return result;
}

enum result
attempt_acted(struct attempt *a, const struct wire_reply *reply)
{
    if (reply->kind == WIRE_NO_WINDOW && a->window) {
        a->failure.window_closed = true;
        return DONE;
    }
    return reply->kind == WIRE_OK ? DONE : attempt_take_error(a, reply);
}

/* --- what fails, and what is tried again --- */

enum result
attempt_fail(struct attempt *a, const char *code, const char *format, ...)
{
    char message[2 * sizeof a->failure.message];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (a->job->auth)
        secret_mask(message, a->job->auth->password);
    a->failure.code = code;
    text_copy(a->failure.message, sizeof a->failure.message, message);
    return FAILED;
}

enum result
attempt_again(struct attempt *a, const char *message)
{
    struct step *step = &a->step;

    if (a->job->now_ms >= step->deadline_ms)
        return attempt_fail(a, NULL, "%s", message);
    step->stage = 0;
    step->asked = 0;
    step->delay_ms = step->delay_ms ? step->delay_ms * 3 / 2 : DELAY_FIRST_MS;
    if (step->delay_ms > DELAY_MAX_MS)
        step->delay_ms = DELAY_MAX_MS;
    step->wait_ms = step->delay_ms;
    return AGAIN;
}

static enum result
browser_failed(struct attempt *a, const char *message)
{
    a->browser->useless = true;
    return attempt_fail(a, REASON_BROWSER_FAILURE, "%s", message);
}

/* A command that was not executed is retried, unless it acts and the line may already have been
 * stored. */
static enum result
not_done(struct attempt *a, const char *message)
{
    struct level *row = attempt_row(a);

    if (a->step.acting && a->committed)
        return attempt_fail(a, NULL, "%s", message);
    if (row) {
        free(row->element);
        row->element = NULL;
    }
    return attempt_again(a, message);
}

enum result
attempt_take_error(struct attempt *a, const struct wire_reply *reply)
{
    switch (reply->kind) {
    case WIRE_STALE:
    case WIRE_AGAIN:
        return not_done(a, reply->message);
    case WIRE_NO_DIALOG:
        return attempt_again(a, "no dialog is open");
    case WIRE_NO_WINDOW:
        if (!a->window)
            return browser_failed(a, reply->message);
        a->failure.window_closed = true;
        return attempt_again(a, "the current window has been closed");
    case WIRE_DIALOG:
        a->failure.dialog_open = true;
        text_copy(a->failure.dialog, sizeof a->failure.dialog, reply->dialog);
        return attempt_fail(a, NULL, "an unexpected dialog is open: \"%s\"", reply->dialog);
    case WIRE_SLOW:
        return attempt_fail(a, REASON_ERP_UNREACHABLE, "the page did not answer in time: %s",
                            reply->message);
    case WIRE_UNREACHABLE:
        return attempt_fail(a, REASON_ERP_UNREACHABLE, "%s", reply->message);
    case WIRE_REFUSED:
        return attempt_fail(a, NULL, "%s", reply->message);
    default:
        return browser_failed(a, reply->message);
    }
}

/* --- where it is: window, section, levels of steps --- */

void
attempt_enter_window(struct attempt *a, const char *handle)
{
    char *window = handle ? mem_string(handle) : NULL;

    free(a->window);
    a->window = window;
    json_array_clear(a->frames);
    a->entered = 0;
    a->frames_lost = false;
    a->failure.window_closed = false;
}

void
attempt_section(struct attempt *a, enum section section)
{
    a->section = section;
    a->opens_gate = section != COMMIT;
    json_array_clear(a->duplicates);
    attempt_section_again(a);
}

void
attempt_section_again(struct attempt *a)
{
    const char *name = section_names[a->section];

    attempt_clear_steps(a);
    a->duplicate_rows = 0;
    a->at_start = true;
    levels_push(&a->engine.levels, json_object_get(a->browser->recipe, name), name, false);
}

struct level *
attempt_row(struct attempt *a)
{
    return attempt_outer_row(a, a->engine.levels.list + a->engine.levels.count);
}

struct level *
attempt_outer_row(struct attempt *a, const struct level *inner)
{
    struct level *levels = a->engine.levels.list;

    for (size_t i = (size_t)(inner - levels); i-- > 0;)
        if (levels[i].loop)
            return &levels[i];
    return NULL;
}

static void
step_clear(struct attempt *a)
{
    free(a->step.element);
    a->step = (struct step){.json = NULL};
}

void
attempt_step_done(struct attempt *a)
{
    levels_step_done(&a->engine.levels, a->step.json);
    step_clear(a);
}

void
attempt_clear_steps(struct attempt *a)
{
    step_clear(a);
    levels_clear(&a->engine.levels);
}

void
attempt_label(const struct attempt *a, char *text, size_t size)
{
    const char *name = json_string_value(json_object_get(a->step.json, "name"));
    size_t used = levels_label(&a->engine.levels, section_names[a->section], text, size);

    if (used < size && name)
        snprintf(text + used, size - used, " \"%s\"", name);
    else if (used < size && a->step.json)
        snprintf(text + used, size - used, " %s", a->step.verb);
}
