/* A query is an object: op, its members, depth (of the current frame), rules (error rules to be
 * checked as well), row. An answer: ok, why, lost (the frame is gone), element, checked, empty,
 * value, rows, elements, arriving (the page is incomplete: it proves nothing), doubt (message: a
 * text may be our id or another), rule (the number of the error rule that holds), words, place. */
#include "erp-drivers/webdriver/page.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/reason.h"
#include "erp-drivers/webdriver/condition.h"
#include "erp-drivers/webdriver/values.h"

/* --- the query --- */

/* An expression is replaced by the index of a function, whose text is added to codes. */
static void
take_codes(json_t *value, char **codes, json_int_t *count)
{
    const char *name, *code;
    json_t *member;
    void *next;
    size_t i;

    json_object_foreach_safe(value, next, name, member)
    {
        if (strcmp(name, "expression") == 0 && (code = json_string_value(member))) {
            char *longer =
                mem_format("%s%sfunction () { return (%s\n); }", *codes, *count ? ",\n" : "", code);

            free(*codes);
            *codes = longer;
            json_object_set_new(value, name, json_integer((*count)++));
        } else {
            take_codes(member, codes, count);
        }
    }
    json_array_foreach(value, i, member)
    {
        take_codes(member, codes, count);
    }
}

/* The members that may contain a locator. */
static bool
is_place(const char *name)
{
    static const char *const names[] = {"locator", "in", "of", "present", "visible", "gone"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool
means_row(const json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)value, name, member)
    {
        const char *text = json_string_value(member);

        if ((text && is_place(name) && strcmp(text, "row") == 0) || means_row(member))
            return true;
    }
    json_array_foreach(value, i, member)
    {
        if (means_row(member))
            return true;
    }
    return false;
}

enum result
page_ask_plainly(struct attempt *a, const char *op, json_t *question)
{
    json_int_t count = 0;
    char *codes = mem_string(""), *script;
    json_t *body;

    json_object_set_new(question, "op", json_string(op));
    json_object_set_new(question, "depth", json_integer((json_int_t)a->entered));
    if (!json_object_get(question, "rules"))
        json_object_set_new(question, "rules", rules_for_page(a, true));
    take_codes(question, &codes, &count);
    script = mem_format("%sreturn answer(arguments[0], [%s]);", page_script(), codes);
    body = json_pack("{s:s s:[o]}", "script", script, "args", question);
    free(script);
    free(codes);
    attempt_send(a, "POST", "execute/sync", body);
    a->step.asking = true;
    return SENT;
}

enum result
page_ask_rules(struct attempt *a, const char *why)
{
    return page_ask_plainly(a, "condition",
                            json_pack("{s:{s:b s:s}}", "condition", "const", 0, "why", why));
}

static void
set_row(json_t *question, const struct level *row)
{
    if (row && row->element)
        json_object_set_new(question, "row", json_pack("{s:s}", WIRE_ELEMENT, row->element));
}

enum result
page_ask(struct attempt *a, const char *op, json_t *question)
{
    struct level *row = attempt_row(a);

    if (!question)
        return FAILED;
    if (!means_row(question))
        return page_ask_plainly(a, op, question);
    if (!row) {
        json_decref(question);
        return attempt_fail(a, NULL, "no current row");
    }
    if (!row->element) {
        json_decref(question);
        a->step.finding_row = true;
        return page_ask_rows(a, row->loop, attempt_outer_row(a, row));
    }
    set_row(question, row);
    return page_ask_plainly(a, op, question);
}

/* Takes value over; false where it is NULL. */
static bool
put(json_t *question, const char *name, json_t *value)
{
    return value && json_object_set_new(question, name, value) == 0;
}

enum result
page_ask_rows(struct attempt *a, const json_t *step, const struct level *row)
{
    const char *verb = recipe_verb(false, step);
    const json_t *where = json_object_get(step, "where"), *of = json_object_get(step, "of");
    json_t *question = json_object();

    if (!put(question, "locator", values_resolve(a, json_object_get(step, verb))) ||
        (where && !put(question, "where", condition_reduce(a, where))) ||
        (of && !put(question, "of", values_resolve(a, of)))) {
        json_decref(question);
        return FAILED;
    }
    set_row(question, row);
    return page_ask_plainly(a, strcmp(verb, "list") == 0 ? "list" : "rows", question);
}

enum result
page_ask_element(struct attempt *a, const json_t *locator, const char *need)
{
    json_t *resolved = values_resolve(a, locator);

    if (!resolved)
        return FAILED;
    return page_ask(a, "element", json_pack("{s:o s:s}", "locator", resolved, "need", need));
}

/* --- the answer --- */

/* Masked before it is cut: half a password must not leak either. */
static void
keep_why(struct attempt *a, const char *why)
{
    char *message = mem_string(why);

    if (a->job->auth)
        secret_mask(message, a->job->auth->password);
    text_copy(a->step.why, sizeof a->step.why, message);
    template_free(message);
}

/* A doubtful comparison proves neither found nor not found. A text that is waited for is usually
 * the search's heading. */
static bool
decides_over_line(const struct attempt *a)
{
    return (a->section == LOOKUP || a->section == VERIFY) && strcmp(a->step.verb, "wait");
}

enum result
page_take(struct attempt *a, const struct wire_reply *reply, bool *yes)
{
    const json_t *answer = reply->value, *place = json_object_get(answer, "place");
    const char *why = json_string_value(json_object_get(answer, "why"));
    const char *message = json_string_value(json_object_get(answer, "words"));
    const char *doubt = json_string_value(json_object_get(answer, "doubt"));

    *yes = false;
    if (reply->kind != WIRE_OK)
        return attempt_take_error(a, reply);
    keep_why(a, why ? why : "unexpected answer from the page");
    if (json_is_true(json_object_get(answer, "lost"))) {
        a->frames_lost = true;
        return attempt_again(a, a->step.why);
    }
    if (json_is_true(json_object_get(place, "dead")))
        return attempt_fail(a, REASON_ERP_UNREACHABLE, "the browser cannot reach the ERP");
    if (json_object_get(answer, "rule"))
        return rules_fail(a, json_integer_value(json_object_get(answer, "rule")), message);
    if (json_is_true(json_object_get(answer, "arriving")))
        return attempt_again(a, a->step.why);
    if (doubt && decides_over_line(a))
        return attempt_fail(a, REASON_OUTCOME_UNKNOWN, "cannot tell whether the line exists: %s",
                            doubt);
    *yes = json_is_true(json_object_get(answer, "ok"));
    return DONE;
}

enum result
page_take_yes(struct attempt *a, const struct wire_reply *reply)
{
    bool yes;
    enum result result = page_take(a, reply, &yes);

    return result == DONE && !yes ? attempt_again(a, a->step.why) : result;
}

enum result
page_take_element(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = page_take_yes(a, reply);
    const char *element;

    if (result != DONE)
        return result;
    element = wire_element(json_object_get(reply->value, "element"));
    if (!element)
        return attempt_again(a, "unexpected answer from the page");
    free(a->step.element);
    a->step.element = mem_string(element);
    return DONE;
}

/* --- frames --- */

enum frame_stage { TO_TOP, LOOK_FOR_FRAME, ENTER_FRAME };

static enum result
next_frame(struct attempt *a)
{
    json_t *frame = json_array_get(a->frames, a->entered);

    if (!frame)
        return DONE;
    a->frame_stage = LOOK_FOR_FRAME;
    return page_ask_plainly(a, "frame", json_pack("{s:O}", "frame", frame));
}

static enum result
enter_frame(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = page_take_yes(a, reply);
    json_t *element = json_object_get(reply->value, "element");

    if (result != DONE)
        return result;
    a->frame_stage = ENTER_FRAME;
    return attempt_send(a, "POST", "frame", json_pack("{s:O}", "id", element));
}

enum result
page_enter_frames(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply) {
        a->entered = 0;
        a->frame_stage = TO_TOP;
        return attempt_send(a, "POST", "frame", json_pack("{s:n}", "id"));
    }
    if (a->frame_stage == LOOK_FOR_FRAME)
        return enter_frame(a, reply);
    if (reply->kind != WIRE_OK)
        return attempt_take_error(a, reply);
    a->entered += a->frame_stage == ENTER_FRAME;
    return next_frame(a);
}
