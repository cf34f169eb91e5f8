/* What dialogs, windows and plain texts already decide is left out of the query to the page. */
#include "erp-drivers/webdriver/condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
#include "erp-drivers/engine/texts.h"
#include "erp-drivers/webdriver/values.h"

/* --- what is known here --- */

static enum truth
told(struct attempt *a, bool holds, const char *why)
{
    if (!holds)
        text_copy(a->step.why, sizeof a->step.why, why);
    return holds ? YES : NO;
}

static enum truth
known_by_dialog(struct attempt *a, const json_t *test)
{
    char why[sizeof a->step.why], *text;
    enum truth truth;

    if (!a->step.dialog_open)
        return told(a, false, "no dialog is open");
    if (json_is_true(test))
        return YES;
    text = values_text(a, test);
    if (!text)
        return BROKEN;
    snprintf(why, sizeof why, "the dialog says \"%s\"", a->step.dialog);
    truth = told(a, strstr(a->step.dialog, text) != NULL, why);
    template_free(text);
    return truth;
}

static enum truth
known_by_texts(struct attempt *a, const json_t *condition)
{
    const json_t *pair = json_object_get(condition, "equal");
    const char *as = json_string_value(json_object_get(condition, "as"));
    char *one = values_text(a, json_array_get(pair, 0)), *other, why[sizeof a->step.why];
    enum truth truth = BROKEN;

    other = one ? values_text(a, json_array_get(pair, 1)) : NULL;
    if (other) {
        snprintf(why, sizeof why, "\"%.120s\" is not \"%.120s\"", one, other);
        truth = told(a, texts_equal(one, other, as && strcmp(as, "number") == 0), why);
    }
    template_free(one);
    template_free(other);
    return truth;
}

static enum truth
known_by_windows(struct attempt *a, const json_t *count)
{
    char why[64];

    snprintf(why, sizeof why, "%zu windows are open", a->step.windows);
    return told(a, (json_int_t)a->step.windows == json_integer_value(count), why);
}

/* decides: the value of a part that decides the whole. */
static enum truth
known_by_parts(struct attempt *a, const json_t *parts, enum truth decides)
{
    enum truth whole = decides == NO ? YES : NO;
    const json_t *part;
    size_t i;

    json_array_foreach(parts, i, part)
    {
        enum truth truth = condition_known(a, part);

        if (truth == decides || truth == BROKEN)
            return truth;
        if (truth == UNKNOWN)
            whole = UNKNOWN;
    }
    return whole;
}

static enum truth
known_by_opposite(struct attempt *a, const json_t *condition)
{
    enum truth truth = condition_known(a, condition);
    char *text;

    if (truth != YES)
        return truth == NO ? YES : truth;
    text = json_dumps(condition, JSON_COMPACT);
    snprintf(a->step.why, sizeof a->step.why, "this condition must not hold: %s", text ? text : "");
    free(text);
    return NO;
}

enum truth
condition_known(struct attempt *a, const json_t *c)
{
    const json_t *part;

    if ((part = json_object_get(c, "dialog")))
        return known_by_dialog(a, part);
    if ((part = json_object_get(c, "windows")))
        return known_by_windows(a, part);
    if (json_object_get(c, "equal"))
        return known_by_texts(a, c);
    if ((part = json_object_get(c, "all")))
        return known_by_parts(a, part, NO);
    if ((part = json_object_get(c, "any")))
        return known_by_parts(a, part, YES);
    if ((part = json_object_get(c, "not")))
        return known_by_opposite(a, part);
    return UNKNOWN;
}

/* --- evaluated by the page --- */

static json_t *
reduce_parts(struct attempt *a, const char *word, const json_t *parts)
{
    json_t *list = values_each(a, parts, condition_reduce);

    return list ? json_pack("{s:o}", word, list) : NULL;
}

json_t *
condition_reduce(struct attempt *a, const json_t *c)
{
    enum truth truth = condition_known(a, c);
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
    return values_resolve(a, c);
}

bool
condition_mentions(const json_t *c, const char *word)
{
    const char *name;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)c, name, member)
    {
        if (strcmp(name, word) == 0 || condition_mentions(member, word))
            return true;
    }
    json_array_foreach(c, i, member)
    {
        if (condition_mentions(member, word))
            return true;
    }
    return false;
}

/* --- error rules --- */

/* A rule in the page's format; NULL: it cannot hold yet, since its values are missing. */
static json_t *
resolve_rule(struct attempt *a, const json_t *rule, size_t number)
{
    const json_t *when = json_object_get(rule, "when");
    json_t *rest = json_copy((json_t *)rule), *resolved, *reduced = NULL;

    json_object_del(rest, "when");
    if (json_is_string(json_object_get(rest, "words"))) /* not for the page: rules_fail adds it */
        json_object_del(rest, "words");
    resolved = values_resolve(a, rest);
    json_decref(rest);
    if (resolved && when)
        reduced = condition_reduce(a, when);
    if (resolved && when && !reduced) {
        json_decref(resolved);
        return NULL;
    }
    if (reduced)
        json_object_set_new(resolved, "when", reduced);
    if (resolved)
        json_object_set_new(resolved, "number", json_integer((json_int_t)number));
    return resolved;
}

/* A session can only be lost after a login, and that refuses no order. A refusal must not end the
 * search for a line that may exist in spite of it. */
static bool
rule_counts(const struct attempt *a, const json_t *rule, bool at_once)
{
    const char *code = json_string_value(json_object_get(rule, "code"));
    bool refuses = reason_find(code)->action == REASON_REJECT;

    if (json_object_get(rule, "dialog") ||
        (at_once && !json_is_true(json_object_get(rule, "at_once"))))
        return false;
    switch (a->section) {
    case LOGIN:
        return !refuses && strcmp(code, REASON_SESSION_LOST);
    case LOOKUP:
    case VERIFY:
        return !refuses || !at_once;
    case LOGOUT:
        return false;
    default:
        return true;
    }
}

json_t *
rules_for_page(struct attempt *a, bool at_once)
{
    struct failure before = a->failure;
    json_t *list = json_array();
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(a->browser->recipe, "errors"), i, rule)
    {
        json_t *resolved = rule_counts(a, rule, at_once) ? resolve_rule(a, rule, i) : NULL;

        if (resolved)
            json_array_append_new(list, resolved);
    }
    a->failure = before;
    return list;
}

enum result
rules_fail(struct attempt *a, json_int_t number, const char *message)
{
    const json_t *rule =
        json_array_get(json_object_get(a->browser->recipe, "errors"), (size_t)number);
    const char *code = json_string_value(json_object_get(rule, "code"));
    const json_t *own = json_object_get(rule, "words");
    char *text = json_is_string(own) ? values_text(a, own) : NULL;

    if (!code)
        return attempt_fail(a, NULL, "unexpected answer from the page");
    if (text)
        message = text;
    attempt_fail(a, reason_find(code)->code, "%s", message && *message ? message : code);
    template_free(text);
    return FAILED;
}

/* Whether a rule holds because of the open dialog. */
static bool
rule_by_dialog(struct attempt *a, const json_t *rule)
{
    const json_t *test = json_object_get(rule, "dialog"), *when = json_object_get(rule, "when");
    struct failure before = a->failure;
    json_t *reduced;
    char *text;
    bool holds = false;

    if (test && (text = values_text(a, test))) {
        holds = strstr(a->failure.dialog, text) != NULL;
        template_free(text);
    } else if (when && (reduced = condition_reduce(a, when))) {
        holds = json_is_true(json_object_get(reduced, "const"));
        json_decref(reduced);
    }
    a->failure = before;
    return holds;
}

void
rules_fail_by_dialog(struct attempt *a)
{
    const json_t *rule;
    char message[sizeof a->failure.dialog];
    size_t i;

    a->step.dialog_open = true;
    text_copy(a->step.dialog, sizeof a->step.dialog, a->failure.dialog);
    text_copy(message, sizeof message, a->failure.dialog);
    json_array_foreach(json_object_get(a->browser->recipe, "errors"), i, rule)
    {
        if (rule_by_dialog(a, rule)) {
            rules_fail(a, (json_int_t)i, message);
            return;
        }
    }
}
