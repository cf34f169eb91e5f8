/* Conditions: what dialogs, windows and plain texts answer here, and the rest, which the page
 * answers. */
#include <stdio.h>
#include <string.h>

#include "erp-drivers/webdriver/attempt.h"

#define NUMBER_BYTES 160

enum truth { NO, YES, UNKNOWN, BROKEN /* FAILED is set */ };

enum asked { NOTHING, DIALOG, WINDOWS, PAGE };

static enum truth fold(struct attempt *a, const json_t *condition);

static enum truth
told(struct attempt *a, bool holds, const char *why)
{
    if (!holds)
        text_copy(a->step.why, sizeof a->step.why, why);
    return holds ? YES : NO;
}

static enum truth
fold_dialog(struct attempt *a, const json_t *test)
{
    char why[sizeof a->step.why], *text;
    enum truth truth;

    if (!a->step.dialog_open)
        return told(a, false, "no dialog is open");
    if (json_is_true(test))
        return YES;
    text = ask_text(a, test);
    if (!text)
        return BROKEN;
    snprintf(why, sizeof why, "the dialog says \"%s\"", a->step.dialog);
    truth = told(a, strstr(a->step.dialog, text) != NULL, why);
    template_free(text);
    return truth;
}

static bool
same_number(const char *one, const char *other)
{
    const struct number_format format = {'.', 0};
    char a[NUMBER_BYTES], b[NUMBER_BYTES];

    return template_number(one, &format, a, sizeof a) &&
           template_number(other, &format, b, sizeof b) && strcmp(a, b) == 0;
}

static enum truth
fold_equal(struct attempt *a, const json_t *condition)
{
    const json_t *pair = json_object_get(condition, "equal");
    const char *as = json_string_value(json_object_get(condition, "as"));
    char *one = ask_text(a, json_array_get(pair, 0)), *other, why[sizeof a->step.why];
    enum truth truth = BROKEN;

    other = one ? ask_text(a, json_array_get(pair, 1)) : NULL;
    if (other) {
        snprintf(why, sizeof why, "\"%.120s\" is not \"%.120s\"", one, other);
        truth = told(
            a, as && strcmp(as, "number") == 0 ? same_number(one, other) : strcmp(one, other) == 0,
            why);
    }
    template_free(one);
    template_free(other);
    return truth;
}

static enum truth
fold_windows(struct attempt *a, const json_t *count)
{
    char why[64];

    snprintf(why, sizeof why, "%zu windows are open", a->step.windows);
    return told(a, (json_int_t)a->step.windows == json_integer_value(count), why);
}

/* decides: the truth of one part that decides the whole. */
static enum truth
fold_parts(struct attempt *a, const json_t *parts, enum truth decides)
{
    enum truth whole = decides == NO ? YES : NO;
    const json_t *part;
    size_t i;

    json_array_foreach(parts, i, part)
    {
        enum truth truth = fold(a, part);

        if (truth == decides || truth == BROKEN)
            return truth;
        if (truth == UNKNOWN)
            whole = UNKNOWN;
    }
    return whole;
}

static enum truth
fold_not(struct attempt *a, const json_t *condition)
{
    enum truth truth = fold(a, condition);
    char *text;

    if (truth != YES)
        return truth == NO ? YES : truth;
    text = json_dumps(condition, JSON_COMPACT);
    snprintf(a->step.why, sizeof a->step.why, "this condition must not hold: %s", text ? text : "");
    free(text);
    return NO;
}

static enum truth
fold(struct attempt *a, const json_t *c)
{
    const json_t *part;

    if ((part = json_object_get(c, "dialog")))
        return fold_dialog(a, part);
    if ((part = json_object_get(c, "windows")))
        return fold_windows(a, part);
    if (json_object_get(c, "equal"))
        return fold_equal(a, c);
    if ((part = json_object_get(c, "all")))
        return fold_parts(a, part, NO);
    if ((part = json_object_get(c, "any")))
        return fold_parts(a, part, YES);
    if ((part = json_object_get(c, "not")))
        return fold_not(a, part);
    return UNKNOWN;
}

/* --- what is left for the page --- */

static json_t *
reduce_parts(struct attempt *a, const char *word, const json_t *parts)
{
    json_t *list = ask_each(a, parts, condition_reduce);

    return list ? json_pack("{s:o}", word, list) : NULL;
}

json_t *
condition_reduce(struct attempt *a, const json_t *c)
{
    enum truth truth = fold(a, c);
    json_t *part;

    if (truth == BROKEN)
        return NULL;
    if (truth != UNKNOWN)
        return json_pack("{s:b}", "const", truth == YES);
    if ((part = json_object_get(c, "all")))
        return reduce_parts(a, "all", part);
    if ((part = json_object_get(c, "any")))
        return reduce_parts(a, "any", part);
    if ((part = json_object_get(c, "not"))) {
        part = condition_reduce(a, part);
        return part ? json_pack("{s:o}", "not", part) : NULL;
    }
    return ask_resolve(a, c);
}

/* --- asking --- */

static bool
mentions(const json_t *c, const char *word)
{
    const char *name;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)c, name, member)
    {
        if (strcmp(name, word) == 0 || mentions(member, word))
            return true;
    }
    json_array_foreach(c, i, member)
    {
        if (mentions(member, word))
            return true;
    }
    return false;
}

static enum result
take_dialog(struct attempt *a, const struct wire_reply *reply)
{
    const char *text = json_string_value(reply->value);

    if (reply->kind != WIRE_OK && reply->kind != WIRE_NO_DIALOG)
        return take_trouble(a, reply);
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
        return take_trouble(a, reply);
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
        return ask_take(a, reply, &a->step.holds);
    }
}

static bool
is_about_dialogs(const json_t *condition)
{
    return mentions(condition, "dialog");
}

static enum result
send_page(struct attempt *a, const json_t *condition)
{
    json_t *reduced;

    if (a->step.dialog_open) {
        told(a, false, "a dialog is open");
        a->step.holds = false;
        return DONE;
    }
    reduced = condition_reduce(a, condition);
    a->step.asked = PAGE;
    return reduced ? ask(a, "condition", json_pack("{s:o}", "condition", reduced)) : FAILED;
}

/* The page knows nothing of it, but may say no at once. */
static enum result
send_rules(struct attempt *a)
{
    a->step.asked = PAGE;
    return ask_rules_alone(a, a->step.why);
}

static enum result
send_next(struct attempt *a, const json_t *condition)
{
    enum truth truth;

    if (!a->step.dialog_known && is_about_dialogs(condition)) {
        a->step.asked = DIALOG;
        return send_command(a, "GET", "alert/text", NULL);
    }
    if (!a->step.windows_known && mentions(condition, "windows")) {
        a->step.asked = WINDOWS;
        return send_command(a, "GET", "window/handles", NULL);
    }
    truth = fold(a, condition);
    a->step.holds = truth == YES;
    if (truth == UNKNOWN)
        return send_page(a, condition);
    if (truth == NO && !a->step.dialog_open && is_about_dialogs(condition))
        return send_rules(a);
    return truth == BROKEN ? FAILED : DONE;
}

enum result
ask_condition(struct attempt *a, const json_t *condition, const struct wire_reply *reply)
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
