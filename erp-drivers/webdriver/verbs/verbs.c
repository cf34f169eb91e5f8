/* The verbs about conditions and variables. */
#include "erp-drivers/webdriver/verbs/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erp-drivers/webdriver/condition.h"
#include "erp-drivers/webdriver/page.h"
#include "erp-drivers/webdriver/values.h"

/* --- evaluating a condition --- */

enum asked { NOTHING, DIALOG, WINDOWS, PAGE };

static enum result
take_dialog(struct attempt *a, const struct wire_reply *reply)
{
    const char *text = json_string_value(reply->value);

    if (reply->kind != WIRE_OK && reply->kind != WIRE_NO_DIALOG)
        return attempt_take_error(a, reply);
    a->step.dialog_known = true;
    a->step.dialog_open = reply->kind == WIRE_OK;
    text_copy(a->step.dialog, sizeof a->step.dialog, text ? text : "");
    text_clean(a->step.dialog);
    return DONE;
}

static enum result
take_windows(struct attempt *a, const struct wire_reply *reply)
{
    if (reply->kind != WIRE_OK)
        return attempt_take_error(a, reply);
    a->step.windows_known = true;
    a->step.windows = json_array_size(reply->value);
    return DONE;
}

static enum result
take(struct attempt *a, const struct wire_reply *reply)
{
    switch (a->step.asked) {
    case DIALOG:
        return take_dialog(a, reply);
    case WINDOWS:
        return take_windows(a, reply);
    default:
        return page_take(a, reply, &a->step.holds);
    }
}

static bool
is_about_dialogs(const json_t *condition)
{
    return condition_mentions(condition, "dialog");
}

static enum result
send_page(struct attempt *a, const json_t *condition)
{
    json_t *reduced;

    if (a->step.dialog_open) {
        text_copy(a->step.why, sizeof a->step.why, "a dialog is open");
        a->step.holds = false;
        return DONE;
    }
    reduced = condition_reduce(a, condition);
    a->step.asked = PAGE;
    return reduced ? page_ask(a, "condition", json_pack("{s:o}", "condition", reduced)) : FAILED;
}

/* It does not concern the page, but an error rule may hold at once. */
static enum result
send_rules(struct attempt *a)
{
    a->step.asked = PAGE;
    return page_ask_rules(a, a->step.why);
}

static enum result
send_next(struct attempt *a, const json_t *condition)
{
    enum truth truth;

    if (!a->step.dialog_known && is_about_dialogs(condition)) {
        a->step.asked = DIALOG;
        return attempt_send(a, "GET", "alert/text", NULL);
    }
    if (!a->step.windows_known && condition_mentions(condition, "windows")) {
        a->step.asked = WINDOWS;
        return attempt_send(a, "GET", "window/handles", NULL);
    }
    truth = condition_known(a, condition);
    a->step.holds = truth == YES;
    if (truth == UNKNOWN)
        return send_page(a, condition);
    if (truth == NO && !a->step.dialog_open && is_about_dialogs(condition))
        return send_rules(a);
    return truth == BROKEN ? FAILED : DONE;
}

/* DONE with step.holds, and step.why if it does not hold. reply: NULL initially. */
static enum result
check_condition(struct attempt *a, const json_t *condition, const struct wire_reply *reply)
{
    enum result result;

    if (!reply)
        a->step.dialog_known = a->step.dialog_open = a->step.windows_known = false;
    if (reply && a->step.asked == PAGE && reply->kind == WIRE_DIALOG &&
        is_about_dialogs(condition)) {
        a->step.dialog_known = false; /* it has opened meanwhile */
        return send_next(a, condition);
    }
    result = reply ? take(a, reply) : DONE;
    if (result != DONE || (reply && a->step.asked == PAGE))
        return result;
    return send_next(a, condition);
}

/* --- conditions --- */

enum result
verb_wait(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = check_condition(a, member(a, "wait"), reply);

    return result == DONE && !a->step.holds ? attempt_again(a, a->step.why) : result;
}

enum result
verb_assert(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = check_condition(a, member(a, "assert"), reply);
    char why[sizeof a->step.why];

    if (result != DONE || a->step.holds)
        return result;
    if (a->job->now_ms < a->step.until_ms)
        return attempt_again(a, a->step.why);
    text_copy(why, sizeof why, a->step.why);
    engine_fail(&a->engine, a->step.json, json_string_value(member(a, "code")), why);
    return FAILED;
}

enum result
verb_fail(struct attempt *a, const struct wire_reply *reply)
{
    (void)reply;
    engine_fail_step(&a->engine, a->step.json);
    return FAILED;
}

enum result
verb_when(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = check_condition(a, member(a, "when"), reply);

    if (result != DONE)
        return result;
    if (!a->step.holds && a->job->now_ms < a->step.until_ms)
        return attempt_again(a, a->step.why);
    engine_when(&a->engine, a->step.json, a->step.holds);
    return DONE;
}

/* --- variables --- */

static enum result
send_read(struct attempt *a)
{
    const char *what = json_string_value(member(a, "what"));
    const json_t *target = member(a, "read");
    json_t *locator = json_is_null(target) ? NULL : values_resolve(a, target);

    if (!locator && !json_is_null(target))
        return FAILED;
    return page_ask(a, "read",
                    json_pack("{s:s s:o* s:O* s:O*}", "what", what ? what : "text", "locator",
                              locator, "match", (json_t *)member(a, "match"), "exact",
                              (json_t *)member(a, "exact")));
}

enum result
verb_read(struct attempt *a, const struct wire_reply *reply)
{
    const struct number_format format = recipe_number_format(member(a, "number"));
    char plain[ORDER_VALUE_MAX + 1];
    const char *value;
    enum result result;

    if (!reply)
        return send_read(a);
    result = page_take_yes(a, reply);
    if (result != DONE)
        return result;
    value = json_string_value(json_object_get(reply->value, "value"));
    if (!value)
        return attempt_again(a, "unexpected answer from the page");
    if (member(a, "number") && !template_number(value, &format, plain, sizeof plain)) {
        char message[200];

        snprintf(message, sizeof message, "\"%.120s\" is not a number", value);
        return attempt_again(a, message);
    }
    values_set(a, json_string_value(member(a, "into")), member(a, "number") ? plain : value);
    return DONE;
}

enum result
verb_set(struct attempt *a, const struct wire_reply *reply)
{
    (void)reply;
    return engine_set(&a->engine, member(a, "set")) ? DONE : FAILED;
}

enum result
verb_call(struct attempt *a, const struct wire_reply *reply)
{
    (void)reply;
    return engine_call(&a->engine, a->step.json) ? DONE : FAILED;
}

/* --- what verbs that are the same for APIs need --- */

static char *
own_text(void *attempt, const json_t *template)
{
    return values_text(attempt, template);
}

static void
own_set(void *attempt, const char *variable, const char *value)
{
    values_set(attempt, variable, value);
}

static void
own_fail(void *attempt, const char *code, const char *words)
{
    attempt_fail(attempt, code, "%s", words);
}

const struct engine_calls webdriver_calls = {own_text, own_set, own_fail};
