/* Questions to the page's script, with the recipe's texts expanded, and its answers.
 *
 * A question is an object: op, its members, depth (how many frames we are in), rules (error rules
 * to be looked at at once), row. An answer: ok, why, lost (the frame is gone), element, checked,
 * value, rows, elements, doubt (words: a text may be our id or another), rule (the number of the
 * error rule that holds), words, place. */
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "erp-drivers/webdriver/attempt.h"
#include "erp-drivers/webdriver/page.h"

/* --- values --- */

static const char *
order_value(const struct attempt *a, const char *name)
{
    static char amount[ORDER_VALUE_MAX + 1];
    const struct order *order = a->job->order;

    if (!order)
        return NULL;
    if (strcmp(name, "product_amount") == 0) {
        amount_canonical(order->product_amount, amount);
        return amount;
    }
    if (strcmp(name, "worksheet") == 0)
        return order->worksheet;
    if (strcmp(name, "product_nr") == 0)
        return order->product_nr;
    return strcmp(name, "uniqueid") == 0 ? order->uniqueid : a->job->workshop;
}

static const char *
option_value(const struct browser *b, const char *name)
{
    const json_t *given = json_object_get(b->options, name);
    const json_t *option = json_object_get(json_object_get(b->recipe, "options"), name);

    return json_string_value(given ? given : json_object_get(option, "default"));
}

static const char *
value_of(const char *name, void *arg)
{
    const struct attempt *a = arg;
    const struct credentials *auth = a->job->auth;

    if (strncmp(name, "order.", 6) == 0)
        return order_value(a, name + 6);
    if (strncmp(name, "options.", 8) == 0)
        return option_value(a->browser, name + 8);
    if (strcmp(name, "credentials.username") == 0)
        return auth ? auth->username : NULL;
    if (strcmp(name, "credentials.password") == 0)
        return auth ? auth->password : NULL;
    if (strcmp(name, "erp.url") == 0)
        return a->browser->erp_url;
    return json_string_value(json_object_get(a->vars, name));
}

/* The value that a text asked for last: the one that a filter could not take. */
struct asked {
    struct attempt *attempt;
    char name[TEMPLATE_NAME_MAX + 1];
    const char *value;
};

static const char *
asked_value(const char *name, void *arg)
{
    struct asked *asked = arg;

    text_copy(asked->name, sizeof asked->name, name);
    asked->value = value_of(name, asked->attempt);
    return asked->value;
}

/* An order that can't be written as the page wants it is refused: neither the page nor another
 * attempt is going to change that. */
static enum result
fail_by_value(struct attempt *a, const struct asked *asked, const char *text, const char *wrong)
{
    const struct order *order = a->job->order;
    bool ordered = strncmp(asked->name, "order.", 6) == 0;

    if (!order || !asked->value)
        return fail_with(a, NULL, "\"%s\" %s", text, wrong);
    if (strcmp(asked->name, "order.product_amount") == 0 ||
        (!ordered && amount_valid(asked->value) &&
         amount_equal(asked->value, order->product_amount)))
        return fail_with(a, "amount_refused",
                         "cannot write the amount %s as \"%s\": too many decimal places",
                         asked->value, text);
    if (ordered)
        return fail_with(a, "erp_rejected", "cannot write %s \"%s\" as \"%s\"", asked->name + 6,
                         asked->value, text);
    return fail_with(a, NULL, "\"%s\" %s", text, wrong);
}

char *
ask_text(struct attempt *a, const json_t *text)
{
    struct asked asked = {.attempt = a};
    char wrong[TEMPLATE_WRONG_BYTES];
    char *result = template_expand(json_string_value(text), asked_value, &asked, wrong);

    if (!result)
        fail_by_value(a, &asked, json_string_value(text), wrong);
    return result;
}

void
ask_set(struct attempt *a, const char *name, const char *value)
{
    json_object_set_new(a->vars, name, json_string(value));
    trace_sets(a, name, value);
}

static json_t *
resolve_text(struct attempt *a, const json_t *value)
{
    char *text = ask_text(a, value);
    json_t *copy = text ? json_string(text) : NULL;

    template_free(text);
    return copy;
}

json_t *
ask_each(struct attempt *a, const json_t *array,
         json_t *(*one)(struct attempt *a, const json_t *element))
{
    json_t *copy = json_array();
    const json_t *element;
    size_t i;

    json_array_foreach(array, i, element)
    {
        json_t *part = one(a, element);

        if (!part) {
            json_decref(copy);
            return NULL;
        }
        json_array_append_new(copy, part);
    }
    return copy;
}

/* JavaScript's own texts are no templates. */
static bool
is_code(const char *name)
{
    return strcmp(name, "expression") == 0 || strcmp(name, "matches") == 0;
}

/* Members of tests and locators that have the uniqueid: it is compared exactly, whatever they say.
 */
static bool
compares_id(const char *name, const json_t *value)
{
    static const char *const names[] = {"text", "is", "contains", "starts", "ends", "link"};
    const char *text = json_string_value(value);

    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return strstr(text, "{order.uniqueid") != NULL;
    return false;
}

static json_t *
resolve_object(struct attempt *a, const json_t *value)
{
    json_t *copy = json_object(), *member;
    bool id = false;
    const char *name;

    json_object_foreach((json_t *)value, name, member)
    {
        json_t *part = is_code(name) ? json_incref(member) : ask_resolve(a, member);

        id = id || compares_id(name, member);

        if (!part) {
            json_decref(copy);
            return NULL;
        }
        json_object_set_new(copy, name, part);
    }
    if (id)
        json_object_set_new(copy, "exact", json_string("id"));
    return copy;
}

json_t *
ask_resolve(struct attempt *a, const json_t *value)
{
    if (json_is_string(value))
        return resolve_text(a, value);
    if (json_is_array(value))
        return ask_each(a, value, ask_resolve);
    return json_is_object(value) ? resolve_object(a, value) : json_incref((json_t *)value);
}

/* --- error rules --- */

/* A rule as the page wants it; NULL: it can't hold yet, since its values are not there. */
static json_t *
resolve_rule(struct attempt *a, const json_t *rule, size_t number)
{
    const json_t *when = json_object_get(rule, "when");
    json_t *rest = json_copy((json_t *)rule), *resolved, *reduced = NULL;

    json_object_del(rest, "when");
    if (json_is_string(json_object_get(rest, "words"))) /* ours to say: failure_rule */
        json_object_del(rest, "words");
    resolved = ask_resolve(a, rest);
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

/* Whether there is a log-in is a question only where there was one, and no order is refused there.
 * A refusal must not cut short the search for a line that may be there in spite of it. */
static bool
rule_counts(const struct attempt *a, const json_t *rule, bool at_once)
{
    const char *code = json_string_value(json_object_get(rule, "code"));
    bool refuses = recipe_reason_find(code)->verdict == RECIPE_REJECT;

    if (json_object_get(rule, "dialog") ||
        (at_once && !json_is_true(json_object_get(rule, "at_once"))))
        return false;
    switch (a->section) {
    case LOGIN:
        return !refuses && strcmp(code, "session_lost");
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
ask_rules(struct attempt *a, bool at_once)
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

/* --- the question --- */

/* An expression becomes the number of a function, whose text is added to codes. */
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

/* The members that can hold a locator. */
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
ask_plainly(struct attempt *a, const char *op, json_t *question)
{
    json_int_t count = 0;
    char *codes = mem_string(""), *script;
    json_t *body;

    json_object_set_new(question, "op", json_string(op));
    json_object_set_new(question, "depth", json_integer((json_int_t)a->entered));
    if (!json_object_get(question, "rules"))
        json_object_set_new(question, "rules", ask_rules(a, true));
    take_codes(question, &codes, &count);
    script = mem_format("%s%sreturn answer(arguments[0], [%s]);", webdriver_page_text_script(),
                        webdriver_page_script(), codes);
    body = json_pack("{s:s s:[o]}", "script", script, "args", question);
    free(script);
    free(codes);
    send_command(a, "POST", "execute/sync", body);
    a->step.asking = true;
    return SENT;
}

enum result
ask_rules_alone(struct attempt *a, const char *why)
{
    return ask_plainly(a, "condition",
                       json_pack("{s:{s:b s:s}}", "condition", "const", 0, "why", why));
}

static void
set_row(json_t *question, const struct level *row)
{
    if (row && row->element)
        json_object_set_new(question, "row", json_pack("{s:s}", WIRE_ELEMENT, row->element));
}

enum result
ask(struct attempt *a, const char *op, json_t *question)
{
    struct level *row = run_row(a);

    if (!question)
        return FAILED;
    if (!means_row(question))
        return ask_plainly(a, op, question);
    if (!row) {
        json_decref(question);
        return fail_with(a, NULL, "no current row");
    }
    if (!row->element) {
        json_decref(question);
        a->step.finding_row = true;
        return ask_rows(a, row->each, run_outer_row(a, row));
    }
    set_row(question, row);
    return ask_plainly(a, op, question);
}

/* Takes value over; false where it is NULL. */
static bool
put(json_t *question, const char *name, json_t *value)
{
    return value && json_object_set_new(question, name, value) == 0;
}

enum result
ask_rows(struct attempt *a, const json_t *step, const struct level *row)
{
    const char *verb = recipe_verb(step);
    const json_t *where = json_object_get(step, "where"), *of = json_object_get(step, "of");
    json_t *question = json_object();

    if (!put(question, "locator", ask_resolve(a, json_object_get(step, verb))) ||
        (where && !put(question, "where", condition_reduce(a, where))) ||
        (of && !put(question, "of", ask_resolve(a, of)))) {
        json_decref(question);
        return FAILED;
    }
    set_row(question, row);
    return ask_plainly(a, strcmp(verb, "list") == 0 ? "list" : "rows", question);
}

enum result
ask_element(struct attempt *a, const json_t *locator, const char *need)
{
    json_t *resolved = ask_resolve(a, locator);

    if (!resolved)
        return FAILED;
    return ask(a, "element", json_pack("{s:o s:s}", "locator", resolved, "need", need));
}

/* --- the answer --- */

/* Masked before it is cut: half a password is one too. */
static void
keep_why(struct attempt *a, const char *why)
{
    char *message = mem_string(why);

    if (a->job->auth)
        secret_mask(message, a->job->auth->password);
    text_copy(a->step.why, sizeof a->step.why, message);
    template_free(message);
}

/* Neither found nor not found may follow from a comparison in doubt. What is waited for is mostly
 * the search's heading. */
static bool
decides_over_line(const struct attempt *a)
{
    return (a->section == LOOKUP || a->section == VERIFY) && strcmp(a->step.verb, "wait");
}

enum result
ask_take(struct attempt *a, const struct wire_reply *reply, bool *yes)
{
    const json_t *answer = reply->value, *place = json_object_get(answer, "place");
    const char *why = json_string_value(json_object_get(answer, "why"));
    const char *message = json_string_value(json_object_get(answer, "words"));
    const char *doubt = json_string_value(json_object_get(answer, "doubt"));

    *yes = false;
    if (reply->kind != WIRE_OK)
        return take_trouble(a, reply);
    keep_why(a, why ? why : "unexpected answer from the page");
    if (json_is_true(json_object_get(answer, "lost"))) {
        a->frames_lost = true;
        return run_again(a, a->step.why);
    }
    if (json_is_true(json_object_get(place, "dead")))
        return fail_with(a, "erp_unreachable", "the browser cannot reach the ERP");
    if (json_object_get(answer, "rule"))
        return failure_rule(a, json_integer_value(json_object_get(answer, "rule")), message);
    if (doubt && decides_over_line(a))
        return fail_with(a, "outcome_unknown", "cannot tell whether the line exists: %s", doubt);
    *yes = json_is_true(json_object_get(answer, "ok"));
    return DONE;
}

enum result
ask_until(struct attempt *a, const struct wire_reply *reply)
{
    bool yes;
    enum result result = ask_take(a, reply, &yes);

    return result == DONE && !yes ? run_again(a, a->step.why) : result;
}

enum result
ask_found(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = ask_until(a, reply);
    const char *element;

    if (result != DONE)
        return result;
    element = wire_element(json_object_get(reply->value, "element"));
    if (!element)
        return run_again(a, "unexpected answer from the page");
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
    return ask_plainly(a, "frame", json_pack("{s:O}", "frame", frame));
}

static enum result
enter_frame(struct attempt *a, const struct wire_reply *reply)
{
    enum result result = ask_until(a, reply);
    json_t *element = json_object_get(reply->value, "element");

    if (result != DONE)
        return result;
    a->frame_stage = ENTER_FRAME;
    return send_command(a, "POST", "frame", json_pack("{s:O}", "id", element));
}

enum result
ask_frames(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply) {
        a->entered = 0;
        a->frame_stage = TO_TOP;
        return send_command(a, "POST", "frame", json_pack("{s:n}", "id"));
    }
    if (a->frame_stage == LOOK_FOR_FRAME)
        return enter_frame(a, reply);
    if (reply->kind != WIRE_OK)
        return take_trouble(a, reply);
    a->entered += a->frame_stage == ENTER_FRAME;
    return next_frame(a);
}
