/* Levels of steps, deadlines, and looking up frames and rows again. */
#include "erp-drivers/webdriver/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erp-drivers/webdriver/page.h"
#include "erp-drivers/webdriver/report.h"
#include "erp-drivers/webdriver/values.h"
#include "erp-drivers/webdriver/verbs/verbs.h"

#define CUT_OFF_MS 3000 /* for a page that already shows its result */

/* --- steps --- */

/* The next row of a level that is done; false: there is none. */
static bool
next_row(struct attempt *a, struct level *level)
{
    const json_t *row = levels_next_row(level);
    char number[24];

    if (!row)
        return false;
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(row));
    values_set(a, "row", number);
    return true;
}

/* The maximum wait for a condition or for rows; a query that fails has the step's time. */
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
    const char *verb = recipe_verb(false, json);
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

/* Goes to the next step; false: the section is done. */
static bool
next_step(struct attempt *a)
{
    struct levels *levels = &a->engine.levels;
    const json_t *step;

    while (levels->count) {
        step = levels_step(levels);
        if (step) {
            step_begin(a, step);
            if (*a->cut_off)
                cut_short(a);
            report_begins(a);
            return true;
        }
        if (!next_row(a, levels_top(levels)))
            levels_leave(levels);
    }
    return false;
}

/* --- looking up again --- */

/* Each section starts in the top document of the main window. */
static enum result
go_home(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply && a->window)
        return attempt_send(a, "POST", "window",
                            json_pack("{s:s}", "handle", a->browser->main_window));
    if (!reply && json_array_size(a->frames))
        return attempt_send(a, "POST", "frame", json_pack("{s:n}", "id"));
    if (reply && reply->kind != WIRE_OK)
        return attempt_take_error(a, reply);
    attempt_enter_window(a, NULL);
    a->at_start = false;
    return AGAIN;
}

static enum result
find_frames(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = page_enter_frames(a, reply);

    if (result != DONE)
        return result;
    a->frames_lost = false;
    return AGAIN;
}

/* When rows are looked up again because the page has changed: the same row must still meet the same
 * condition, or the only row that does is used. */
static enum result
find_row(struct attempt *a, const struct wire_reply *reply)
{
    struct level *level = attempt_row(a);
    const json_t *rows, *number;
    const char *element = NULL;
    enum result result;
    json_int_t wanted;
    bool alone;
    size_t i;

    a->step.finding_row = false;
    if (!level || !reply)
        return attempt_again(a, "the row is gone");
    result = page_take_yes(a, reply);
    if (result != DONE)
        return result;
    rows = json_object_get(reply->value, "rows");
    wanted = json_integer_value(json_array_get(level->rows, level->row));
    alone = !json_is_false(json_object_get(level->loop, "only"));
    json_array_foreach(rows, i, number)
    {
        if (json_integer_value(number) == wanted || (alone && json_array_size(rows) == 1))
            element = wire_element(json_array_get(json_object_get(reply->value, "elements"), i));
    }
    if (!element)
        return attempt_again(a, "the row is gone");
    free(level->element);
    level->element = mem_string(element);
    return AGAIN;
}

/* --- verbs --- */

static const struct {
    const char *verb;
    verb_function *function;
} verbs[] = {
    {"goto", verb_goto},           {"frame", verb_frame},   {"window", verb_window},
    {"wait", verb_wait},           {"click", verb_click},   {"type", verb_type},
    {"clear", verb_clear},         {"press", verb_press},   {"select", verb_select},
    {"check", verb_check},         {"read", verb_read},     {"set", verb_set},
    {"assert", verb_assert},       {"when", verb_when},     {"each", verb_each},
    {"dialog", verb_dialog},       {"script", verb_script}, {"call", verb_call},
    {"found", verb_found},         {"fail", verb_fail},     {"list", verb_list},
    {"unchanged", verb_unchanged}, {"known", verb_known},
};

verb_function *
run_find_verb(const char *verb)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].verb, verb) == 0)
            return verbs[i].function;
    return NULL;
}

static enum result
step_continue(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (!a->step.json && !next_step(a))
        return duplicates_end(a);
    result = run_find_verb(a->step.verb)(a, reply);
    if (result != DONE)
        return result;
    report_ends(a, DONE);
    attempt_step_done(a);
    return AGAIN;
}

/* Whichever part failed: its frame, its row or its verb. */
static bool
is_forgiven(const struct attempt *a)
{
    return !a->failure.code && !a->failure.dialog_open &&
           json_is_true(json_object_get(a->step.json, "optional"));
}

static enum result
forgive(struct attempt *a)
{
    report_ends(a, FAILED);
    if (strcmp(a->step.verb, "frame") == 0) /* no current document if it leads nowhere */
        json_array_clear(a->frames);
    attempt_step_done(a);
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
