/* Levels of steps, and the table of verbs. */
#include "erp-drivers/http/run.h"

#include <string.h>

#include "erp-drivers/http/answer.h"
#include "erp-drivers/http/request.h"
#include "erp-drivers/http/value.h"
#include "erp-drivers/http/verbs.h"

#define STEPS_MAX 100000 /* without a request in between: a recipe that never ends */

static const struct {
    const char *verb;
    verb_function *function; /* NULL: sends a request */
} verbs[] = {{"get", NULL},           {"post", NULL},        {"put", NULL},
             {"patch", NULL},         {"delete", NULL},      {"read", http_read},
             {"set", http_set},       {"keep", http_keep},   {"wait", http_wait},
             {"assert", http_assert}, {"when", http_when},   {"each", http_each},
             {"call", http_call},     {"found", http_found}, {"known", http_known},
             {"fail", http_fail},     {"store", http_store}};

static verb_function *
function_of(const char *verb)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].verb, verb) == 0)
            return verbs[i].function;
    return NULL;
}

/* --- levels --- */

static bool
next_row(struct attempt *a, struct level *level)
{
    const json_t *row = levels_next_row(level);

    if (row)
        value_set(a, json_string_value(json_object_get(level->loop, "as")) ?: "row",
                  json_incref((json_t *)row));
    return row != NULL;
}

/* Leaves levels that are through. */
static enum result
settle_levels(struct attempt *a)
{
    struct levels *levels = &a->engine.levels;

    while (levels->count && !levels_step(levels)) {
        struct level *level = levels_top(levels);
        bool over = true;

        if (next_row(a, level))
            continue;
        if (level->loop && !level->rows && http_wait_again(a, level, &over) == FAILED)
            return FAILED;
        if (over)
            levels_leave(levels);
    }
    return DONE;
}

/* An optional step's own failure is none, unless the ERP has given a reason. */
static bool
is_forgiven(const struct attempt *a, const json_t *step)
{
    return a->failure.unexpected && json_is_true(json_object_get(step, "optional"));
}

static enum result
forgive(struct attempt *a, const json_t *step, size_t depth)
{
    a->failure = (struct failure){.code = NULL};
    http_attempt_paging_end(a);
    while (a->engine.levels.count > depth)
        levels_leave(&a->engine.levels);
    levels_step_done(&a->engine.levels, step);
    return DONE;
}

/* --- steps --- */

static enum result
one_step(struct attempt *a, const struct erp_reply *reply)
{
    const json_t *step = levels_step(&a->engine.levels);
    const char *verb = recipe_verb(true, step);
    verb_function *function = function_of(verb);
    size_t depth = a->engine.levels.count;
    enum result result;

    if (function)
        result = function(a, step);
    else if (reply)
        result = answer_take(a, step, reply);
    else
        result = request_send(a, step, verb);
    if (result == FAILED && is_forgiven(a, step))
        return forgive(a, step, depth);
    if (result == DONE)
        levels_step_done(&a->engine.levels, step);
    return result;
}

enum result
section_continue(struct attempt *a, const struct erp_reply *reply)
{
    enum result result;

    for (int steps = 0; steps < STEPS_MAX; steps++, reply = NULL) {
        if (!reply && settle_levels(a) == FAILED)
            return FAILED;
        if (!a->engine.levels.count)
            return DONE;
        result = one_step(a, reply);
        if (result != DONE)
            return result;
    }
    return http_attempt_unexpected(a, "the recipe loops without sending a request");
}
