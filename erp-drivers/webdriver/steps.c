/* The verbs that look and decide; those that act are webdriver_acts.c's, and lists are
 * webdriver_list.c's. */
#include "erp-drivers/webdriver/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *
member(const struct attempt *a, const char *name)
{
    return json_object_get(a->step.json, name);
}

/* --- conditions --- */

static enum result
do_wait(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = ask_condition(a, member(a, "wait"), reply);

    return result == DONE && !a->step.holds ? run_again(a, a->step.why) : result;
}

/* The words of fail and assert; NULL: FAILED is set. */
static char *
own_words(struct attempt *a, const char *otherwise)
{
    const json_t *message = member(a, "words");

    return message ? ask_text(a, message) : mem_string(otherwise);
}

/* Ends the attempt for a reason that the recipe gives. */
static enum result
fail_by_recipe(struct attempt *a, const json_t *code, const char *otherwise)
{
    char *message = own_words(a, otherwise);

    if (message)
        fail_with(a, code ? recipe_reason_find(json_string_value(code))->code : NULL, "%s",
                  message);
    template_free(message);
    return FAILED;
}

static enum result
do_assert(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = ask_condition(a, member(a, "assert"), reply);
    char why[sizeof a->step.why];

    if (result != DONE || a->step.holds)
        return result;
    if (a->job->now_ms < a->step.until_ms)
        return run_again(a, a->step.why);
    text_copy(why, sizeof why, a->step.why);
    return fail_by_recipe(a, member(a, "code"), why);
}

static enum result
do_fail(struct attempt *a, const struct wire_reply *reply)
{
    (void)reply;
    return fail_by_recipe(a, member(a, "fail"), "the recipe says so");
}

static enum result
do_when(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = ask_condition(a, member(a, "when"), reply);
    const char *branch;

    if (result != DONE)
        return result;
    if (!a->step.holds && a->job->now_ms < a->step.until_ms)
        return run_again(a, a->step.why);
    branch = a->step.holds ? "then" : "else";
    run_push(a, member(a, branch), branch, false);
    return DONE;
}

/* --- rows --- */

static enum result
enter_rows(struct attempt *a, const json_t *answer, bool twins)
{
    size_t first = twins ? json_array_size(a->twins) : 0;
    json_t *rows = json_object_get(answer, "rows"), *row = json_array_get(rows, first);
    const char *element = wire_element(json_array_get(json_object_get(answer, "elements"), first));
    const json_t *step = a->step.json;
    struct level *level;
    char number[24];

    if (!json_is_integer(row) || !element)
        return fail_with(a, NULL, "unexpected answer from the page");
    if (!json_array_size(member(a, "do")))
        return DONE;
    run_push(a, member(a, "do"), "do", false);
    level = &a->levels[a->depth - 1];
    level->each = step;
    level->rows = twins ? json_pack("[O]", row) : json_incref(rows);
    level->element = mem_string(element);
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(row));
    ask_set(a, "row", number);
    return DONE;
}

static enum result
do_each(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *rows;
    enum result result;
    size_t count;
    bool twins;

    if (!reply)
        return ask_rows(a, a->step.json, run_row(a));
    result = ask_until(a, reply);
    if (result != DONE)
        return result;
    rows = json_object_get(reply->value, "rows");
    if (!json_is_array(rows)) /* not the same as none: that may mean that nothing is billed yet */
        return run_again(a, "unexpected answer from the page");
    count = json_array_size(rows);
    if (!count && a->job->now_ms < a->step.until_ms)
        return run_again(a, "no row matches");
    if (!count && !member(a, "none"))
        return fail_with(a, NULL, "no row matches");
    twins = twins_are(a, a->step.json, count);
    if (count > 1 && !twins && !json_is_false(member(a, "only")))
        return fail_with(a, "ui_changed", "%zu rows match, expected one", count);
    if (count)
        return enter_rows(a, reply->value, twins);
    run_push(a, member(a, "none"), "none", false);
    return DONE;
}

/* --- variables --- */

static enum result
send_read(struct attempt *a)
{
    const char *what = json_string_value(member(a, "what"));
    const json_t *target = member(a, "read");
    json_t *locator = json_is_null(target) ? NULL : ask_resolve(a, target);

    if (!locator && !json_is_null(target))
        return FAILED;
    return ask(a, "read",
               json_pack("{s:s s:o* s:O* s:O*}", "what", what ? what : "text", "locator", locator,
                         "match", (json_t *)member(a, "match"), "exact",
                         (json_t *)member(a, "exact")));
}

static enum result
do_read(struct attempt *a, const struct wire_reply *reply)
{
    const struct number_format format = recipe_number_format(member(a, "number"));
    char plain[ORDER_VALUE_MAX + 1];
    const char *value;
    enum result result;

    if (!reply)
        return send_read(a);
    result = ask_until(a, reply);
    if (result != DONE)
        return result;
    value = json_string_value(json_object_get(reply->value, "value"));
    if (!value)
        return run_again(a, "unexpected answer from the page");
    if (member(a, "number") && !template_number(value, &format, plain, sizeof plain)) {
        char message[200];

        snprintf(message, sizeof message, "\"%.120s\" is not a number", value);
        return run_again(a, message);
    }
    ask_set(a, json_string_value(member(a, "into")), member(a, "number") ? plain : value);
    return DONE;
}

static enum result
set_values(struct attempt *a, const json_t *values)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)values, name, value)
    {
        char *text = ask_text(a, value);

        if (!text)
            return FAILED;
        ask_set(a, name, text);
        template_free(text);
    }
    return DONE;
}

static enum result
do_set(struct attempt *a, const struct wire_reply *reply)
{
    (void)reply;
    return set_values(a, member(a, "set"));
}

static enum result
do_call(struct attempt *a, const struct wire_reply *reply)
{
    const char *name = json_string_value(member(a, "call"));
    const json_t *pieces = json_object_get(a->browser->recipe, "pieces");

    (void)reply;
    if (set_values(a, member(a, "with")) != DONE)
        return FAILED;
    run_push(a, json_object_get(pieces, name), name, true);
    return DONE;
}

static char *
found_text(struct attempt *a, const char *name)
{
    const json_t *text = json_object_get(member(a, "found"), name);

    return text ? ask_text(a, text) : NULL;
}

void
found_clear(struct found *found)
{
    free(found->reference);
    free(found->product_nr);
    free(found->amount);
    free(found->worksheet);
    *found = (struct found){.is = false};
}

static enum result
do_found(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *number = json_object_get(member(a, "found"), "number");
    const struct number_format format = recipe_number_format(number);
    char plain[ORDER_VALUE_MAX + 1];
    struct found *found = &a->found;

    (void)reply;
    found_clear(found);
    found->reference = found_text(a, "reference");
    found->product_nr = found_text(a, "product_nr");
    found->amount = found_text(a, "amount");
    found->worksheet = found_text(a, "worksheet");
    if (!found->reference || !found->product_nr || !found->amount ||
        (!found->worksheet && json_object_get(member(a, "found"), "worksheet")))
        return FAILED;
    if (a->twin_rows)
        return twins_add(a);
    if (!template_number(found->amount, &format, plain, sizeof plain))
        return fail_with(a, NULL, "the amount \"%.120s\" is not a number", found->amount);
    free(found->amount);
    found->amount = mem_string(plain);
    found->is = true;
    run_clear(a);
    return DONE;
}

/* --- frames and windows --- */

static enum result
do_frame(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *frame = member(a, "frame");
    const char *name = json_string_value(frame);
    json_t *path;

    (void)reply;
    if (a->step.holds) /* they are entered */
        return DONE;
    path = name && strcmp(name, "top") == 0 ? json_array() : ask_resolve(a, frame);
    if (!path)
        return FAILED;
    json_decref(a->frames);
    a->frames = json_is_array(path) ? path : json_pack("[o]", path);
    a->frames_lost = true;
    a->step.holds = true;
    return AGAIN;
}

static enum result
send_window(struct attempt *a, const char *handle)
{
    return send_command(a, "POST", "window", json_pack("{s:s}", "handle", handle));
}

/* A window that is neither the main one nor the one that we are in. */
static enum result
take_new_window(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *handle;
    const char *found = NULL;
    size_t i;

    json_array_foreach(reply->value, i, handle)
    {
        const char *text = json_string_value(handle);

        if (text && strcmp(text, a->browser->main_window) &&
            (!a->window || strcmp(text, a->window)))
            found = text;
    }
    if (!found)
        return run_again(a, "no new window has opened");
    free(a->step.element);
    a->step.element = mem_string(found);
    a->step.stage = 1;
    return send_window(a, found);
}

static enum result
do_new_window(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return send_command(a, "GET", "window/handles", NULL);
    if (reply->kind != WIRE_OK)
        return take_trouble(a, reply);
    if (a->step.stage == 0)
        return take_new_window(a, reply);
    run_enter_window(a, a->step.element);
    return DONE;
}

static enum result
do_main_window(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return send_window(a, a->browser->main_window);
    if (reply->kind != WIRE_OK)
        return take_trouble(a, reply);
    run_enter_window(a, NULL);
    return DONE;
}

static enum result
do_close_window(struct attempt *a, const struct wire_reply *reply)
{
    if (!a->window)
        return fail_with(a, NULL, "cannot close the main window");
    if (!reply)
        return send_command(a, "DELETE", "window", NULL);
    if (a->step.stage == 1)
        return do_main_window(a, reply);
    /* One that has closed itself needs not be closed. */
    if (reply->kind != WIRE_OK && reply->kind != WIRE_NO_WINDOW)
        return take_trouble(a, reply);
    a->step.stage = 1;
    return send_window(a, a->browser->main_window);
}

static enum result
do_window(struct attempt *a, const struct wire_reply *reply)
{
    const char *word = json_string_value(member(a, "window"));

    if (strcmp(word, "new") == 0)
        return do_new_window(a, reply);
    return strcmp(word, "main") == 0 ? do_main_window(a, reply) : do_close_window(a, reply);
}

/* --- the table --- */

static const struct {
    const char *verb;
    step_function *function;
} steps[] = {
    {"goto", do_goto},           {"frame", do_frame},   {"window", do_window},
    {"wait", do_wait},           {"click", do_click},   {"type", do_type},
    {"clear", do_clear},         {"press", do_press},   {"select", do_select},
    {"check", do_check},         {"read", do_read},     {"set", do_set},
    {"assert", do_assert},       {"when", do_when},     {"each", do_each},
    {"dialog", do_dialog},       {"script", do_script}, {"call", do_call},
    {"found", do_found},         {"fail", do_fail},     {"list", do_list},
    {"unchanged", do_unchanged},
};

step_function *
step_find(const char *verb)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].verb, verb) == 0)
            return steps[i].function;
    return NULL;
}
