/* Going through a section: levels of steps, deadlines, and what is tried again. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "erp-drivers/webdriver/attempt.h"

#define DELAY_FIRST_MS 25
#define DELAY_MAX_MS 100
#define CUT_OFF_MS 3000 /* for a page that has its answer already */

static const char *const section_names[] = {
    [LOGIN] = "login",   [LOOKUP] = "lookup", [CREATE] = "create",
    [COMMIT] = "commit", [VERIFY] = "verify", [LOGOUT] = "logout",
};

/* For logs. */
static const char *const request_words[] = {
    [LOGIN] = "login",   [LOOKUP] = "look-up",   [CREATE] = "form",
    [COMMIT] = "commit", [VERIFY] = "read-back", [LOGOUT] = "log-out",
};

/* --- sending --- */

enum result
send_command(struct attempt *a, const char *method, const char *command, json_t *body)
{
    struct erp_request *request = &a->job->request;

    wire_send(request, method, a->browser->url, a->browser->id, command, body);
    request->what = request_words[a->section];
    request->gate = a->opens_gate ? ERP_GATE_OPENS : ERP_GATE_STAYS;
    a->opens_gate = false;
    request->timeout_ms = a->browser->timeout_ms;
    request->delay_ms = a->step.wait_ms;
    a->step.wait_ms = 0;
    a->step.acting = a->step.asking = false;
    return SENT;
}

enum result
send_act(struct attempt *a, const char *method, char *command, json_t *body)
{
    enum result result = send_command(a, method, command, body);

    a->step.acting = true;
    if (a->section == COMMIT)
        a->job->request.commits = a->committed = true;
    free(command);
    return result;
}

/* --- trouble --- */

enum result
fail_with(struct attempt *a, const char *code, const char *format, ...)
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
run_again(struct attempt *a, const char *message)
{
    struct step *step = &a->step;

    if (a->job->now_ms >= step->deadline_ms)
        return fail_with(a, NULL, "%s", message);
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
    return fail_with(a, "browser_failure", "%s", message);
}

/* What was not done is tried again, but nothing that acts once the line may have been stored. */
static enum result
not_done(struct attempt *a, const char *message)
{
    struct level *row = run_row(a);

    if (a->step.acting && a->committed)
        return fail_with(a, NULL, "%s", message);
    if (row) {
        free(row->element);
        row->element = NULL;
    }
    return run_again(a, message);
}

enum result
take_trouble(struct attempt *a, const struct wire_reply *reply)
{
    switch (reply->kind) {
    case WIRE_STALE:
    case WIRE_AGAIN:
        return not_done(a, reply->message);
    case WIRE_NO_DIALOG:
        return run_again(a, "no dialog is open");
    case WIRE_NO_WINDOW:
        if (!a->window)
            return browser_failed(a, reply->message);
        a->failure.window_closed = true;
        return run_again(a, "the current window has been closed");
    case WIRE_DIALOG:
        a->failure.dialog_open = true;
        text_copy(a->failure.dialog, sizeof a->failure.dialog, reply->dialog);
        return fail_with(a, NULL, "an unexpected dialog is open: \"%s\"", reply->dialog);
    case WIRE_SLOW:
        return fail_with(a, "erp_unreachable", "the page did not answer in time: %s",
                         reply->message);
    case WIRE_UNREACHABLE:
        return fail_with(a, "erp_unreachable", "%s", reply->message);
    case WIRE_REFUSED:
        return fail_with(a, NULL, "%s", reply->message);
    default:
        return browser_failed(a, reply->message);
    }
}

/* --- levels --- */

void
run_push(struct attempt *a, const json_t *steps, const char *word, bool piece)
{
    if (!json_array_size(steps))
        return;
    a->levels = mem_resize(a->levels, (a->depth + 1) * sizeof *a->levels);
    a->levels[a->depth++] = (struct level){.steps = steps, .word = word, .piece = piece};
}

static void
level_clear(struct level *level)
{
    json_decref(level->rows);
    free(level->element);
}

struct level *
run_row(struct attempt *a)
{
    return run_outer_row(a, a->levels + a->depth);
}

struct level *
run_outer_row(struct attempt *a, const struct level *inner)
{
    for (size_t i = (size_t)(inner - a->levels); i-- > 0;)
        if (a->levels[i].each)
            return &a->levels[i];
    return NULL;
}

/* The next row of a level that has been gone through; false: there is none. */
static bool
next_row(struct attempt *a, struct level *level)
{
    char number[24];

    if (!level->each || level->row + 1 >= json_array_size(level->rows))
        return false;
    level->row++;
    level->index = 0;
    free(level->element);
    level->element = NULL;
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_array_get(level->rows, level->row)));
    ask_set(a, "row", number);
    return true;
}

static void
step_clear(struct attempt *a)
{
    free(a->step.element);
    a->step = (struct step){.json = NULL};
}

/* How long a condition, or rows, may take to come; what fails to be asked has the step's time. */
static int64_t
patience_ms(const json_t *step, const char *verb, int64_t timeout_ms)
{
    const json_t *within = json_object_get(step, "within_s");

    if (within)
        return (int64_t)(1000 * json_number_value(within));
    if (strcmp(verb, "when") == 0 || json_object_get(step, "none") ||
        (strcmp(verb, "assert") == 0 && !json_object_get(step, "timeout_s")))
        return 0;
    return timeout_ms;
}

static void
step_begin(struct attempt *a, const json_t *json)
{
    int64_t timeout_ms = 1000 * recipe_number(a->browser->recipe, "timeout_s", RECIPE_TIMEOUT_S);
    const json_t *own = json_object_get(json, "timeout_s");
    const char *verb = recipe_verb(json);
    int64_t patience;

    if (own)
        timeout_ms = (int64_t)(1000 * json_number_value(own));
    patience = patience_ms(json, verb, timeout_ms);
    a->step = (struct step){.json = json,
                            .verb = verb,
                            .began_ms = a->job->now_ms,
                            .until_ms = a->job->now_ms + patience,
                            .deadline_ms =
                                a->job->now_ms + (patience > timeout_ms ? patience : timeout_ms)};
}

static void
cut_short(struct attempt *a)
{
    int64_t latest_ms = a->job->now_ms + CUT_OFF_MS;

    if (a->step.until_ms > latest_ms)
        a->step.until_ms = latest_ms;
    if (a->step.deadline_ms > latest_ms)
        a->step.deadline_ms = latest_ms;
}

void
run_cut_off(struct attempt *a, const char *why)
{
    text_copy(a->cut_off, sizeof a->cut_off, why);
    cut_short(a);
}

/* Goes to the step that is due; false: the section is through. */
static bool
next_step(struct attempt *a)
{
    while (a->depth) {
        struct level *level = &a->levels[a->depth - 1];

        if (level->index < json_array_size(level->steps)) {
            step_begin(a, json_array_get(level->steps, level->index));
            if (*a->cut_off)
                cut_short(a);
            trace_begins(a);
            return true;
        }
        if (next_row(a, level))
            continue;
        level_clear(level);
        a->depth--;
        if (a->depth)
            a->levels[a->depth - 1].index++;
    }
    return false;
}

/* --- a section --- */

void
run_section(struct attempt *a, enum section section)
{
    a->section = section;
    a->opens_gate = section != COMMIT;
    json_array_clear(a->twins);
    run_section_again(a);
}

void
run_section_again(struct attempt *a)
{
    const char *name = section_names[a->section];

    run_clear(a);
    a->twin_rows = 0;
    a->at_start = true;
    run_push(a, json_object_get(a->browser->recipe, name), name, false);
}

void
run_clear(struct attempt *a)
{
    step_clear(a);
    while (a->depth)
        level_clear(&a->levels[--a->depth]);
    free(a->levels);
    a->levels = NULL;
}

/* Each section begins in the top document of the main window. */
static enum result
go_home(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply && a->window)
        return send_command(a, "POST", "window",
                            json_pack("{s:s}", "handle", a->browser->main_window));
    if (!reply && json_array_size(a->frames))
        return send_command(a, "POST", "frame", json_pack("{s:n}", "id"));
    if (reply && reply->kind != WIRE_OK)
        return take_trouble(a, reply);
    run_enter_window(a, NULL);
    a->at_start = false;
    return AGAIN;
}

void
run_enter_window(struct attempt *a, const char *handle)
{
    char *window = handle ? mem_string(handle) : NULL;

    free(a->window);
    a->window = window;
    json_array_clear(a->frames);
    a->entered = 0;
    a->frames_lost = false;
    a->failure.window_closed = false;
}

static enum result
find_frames(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = ask_frames(a, reply);

    if (result != DONE)
        return result;
    a->frames_lost = false;
    return AGAIN;
}

/* Where the rows are looked for again because the page has changed: the same row must still meet
 * the same condition, or the one row that does is it. */
static enum result
find_row(struct attempt *a, const struct wire_reply *reply)
{
    struct level *level = run_row(a);
    const json_t *rows, *number;
    const char *element = NULL;
    enum result result;
    json_int_t wanted;
    bool alone;
    size_t i;

    a->step.finding_row = false;
    if (!level || !reply)
        return run_again(a, "the row is gone");
    result = ask_until(a, reply);
    if (result != DONE)
        return result;
    rows = json_object_get(reply->value, "rows");
    wanted = json_integer_value(json_array_get(level->rows, level->row));
    alone = !json_is_false(json_object_get(level->each, "only"));
    json_array_foreach(rows, i, number)
    {
        if (json_integer_value(number) == wanted || (alone && json_array_size(rows) == 1))
            element = wire_element(json_array_get(json_object_get(reply->value, "elements"), i));
    }
    if (!element)
        return run_again(a, "the row is gone");
    free(level->element);
    level->element = mem_string(element);
    return AGAIN;
}

static enum result
step_continue(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (!a->step.json && !next_step(a))
        return twins_end(a);
    result = step_find(a->step.verb)(a, reply);
    if (result != DONE)
        return result;
    trace_ends(a, DONE);
    run_step_done(a);
    return AGAIN;
}

/* A step that has put steps of its own on top is left when they are through. */
void
run_step_done(struct attempt *a)
{
    struct level *level = a->depth ? &a->levels[a->depth - 1] : NULL;

    if (level && a->step.json && level->index < json_array_size(level->steps) &&
        json_array_get(level->steps, level->index) == a->step.json)
        level->index++;
    step_clear(a);
}

/* Whatever it failed in: its frame, its row or its verb. */
static bool
is_forgiven(const struct attempt *a)
{
    return !a->failure.code && !a->failure.dialog_open &&
           json_is_true(json_object_get(a->step.json, "optional"));
}

static enum result
forgive(struct attempt *a)
{
    trace_ends(a, FAILED);
    if (strcmp(a->step.verb, "frame") == 0) /* nobody is where it does not lead to */
        json_array_clear(a->frames);
    run_step_done(a);
    return AGAIN;
}

enum result
run_continue(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    for (;; reply = NULL) {
        if (a->at_start)
            result = go_home(a, reply);
        else if (a->frames_lost)
            result = find_frames(a, reply);
        else if (a->step.finding_row)
            result = find_row(a, reply);
        else
            result = step_continue(a, reply);
        if (result == FAILED && is_forgiven(a))
            result = forgive(a);
        if (result != AGAIN)
            return result;
    }
}

/* --- for people --- */

void
run_label(const struct attempt *a, char *text, size_t size)
{
    const char *name = json_string_value(json_object_get(a->step.json, "name"));
    size_t used = 0;

    *text = '\0';
    for (size_t i = 0; i < a->depth && used < size; i++) {
        const struct level *level = &a->levels[i];

        used += (size_t)snprintf(text + used, size - used, "%s%s/%zu",
                                 !used          ? ""
                                 : level->piece ? " > "
                                                : "/",
                                 level->word, level->index);
    }
    if (!a->depth)
        used = (size_t)snprintf(text, size, "%s", section_names[a->section]);
    if (used < size && name)
        snprintf(text + used, size - used, " \"%s\"", name);
    else if (used < size && a->step.json)
        snprintf(text + used, size - used, " %s", a->step.verb);
}
