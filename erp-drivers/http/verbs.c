/* One function a verb. */
#include "erp-drivers/http/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
#include "erp-drivers/engine/known.h"
#include "erp-drivers/http/condition.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/value.h"

#define WAIT_S 30
#define HEADER_BYTES 4096
#define NUMBER_BYTES 160
#define KEPT_BYTES_MAX 8192 /* each request has it, and servers limit headers */

static const json_t *
member(const json_t *step, const char *name)
{
    return json_object_get(step, name);
}

static const char *
text_of(const json_t *step, const char *name)
{
    return json_string_value(member(step, name));
}

/* --- variables --- */

/* What a step reads, as JSON; NULL: there is none. The caller owns it. */
static json_t *
read_value(struct walk *a, const json_t *step)
{
    const json_t *from = member(step, "read"), *between = member(step, "between");
    const char *name = text_of(step, "header"), *text;
    char header[HEADER_BYTES], *part;
    const json_t *value = json_is_null(from) ? a->reply.json : value_json(a, from);
    json_t *cut;

    if (name)
        return reply_header(&a->reply, name, header, sizeof header) ? json_string(header) : NULL;
    value = reply_pointer(value, text_of(step, "at") ?: "");
    if (json_is_null(from) && !text_of(step, "at") && !value)
        text = a->reply.body;
    else
        text = between && value ? value_as_text(a, value) : NULL;
    if (!between)
        return value ? json_incref((json_t *)value) : text ? json_string(text) : NULL;
    part = text ? reply_between(text, between) : NULL;
    cut = part ? json_string(part) : NULL;
    free(part);
    return cut;
}

static enum result
set_number(struct walk *a, const json_t *step, json_t *value)
{
    const struct number_format format = recipe_number_format(member(step, "number"));
    const char *text = value_as_text(a, value);
    char plain[NUMBER_BYTES];
    enum result result = DONE;

    if (template_number(text, &format, plain, sizeof plain))
        value_set(a, text_of(step, "into"), json_string(plain));
    else
        result = walk_unexpected(a, "\"%.120s\" is not a number", text);
    json_decref(value);
    return result;
}

enum result
http_read(struct walk *a, const json_t *step)
{
    const json_t *otherwise = member(step, "or");
    json_t *value = read_value(a, step);
    char *text;

    if ((!value || json_is_null(value)) && otherwise) {
        text = value_text(a, otherwise);
        json_decref(value);
        value = text ? json_string(text) : NULL;
        template_free(text);
        if (!value)
            return FAILED;
    }
    if (!value)
        return walk_unexpected(a, "no value to read into %s", text_of(step, "into"));
    if (member(step, "number"))
        return set_number(a, step, value);
    value_set(a, text_of(step, "into"), value);
    return DONE;
}

/* max_bytes: of each value. */
static enum result
set_all(struct walk *a, const json_t *values, json_t *to, size_t max_bytes)
{
    const char *name;
    json_t *template;
    char *text;

    json_object_foreach((json_t *)values, name, template)
    {
        text = value_text(a, template);
        if (text && strlen(text) > max_bytes) {
            template_free(text);
            return walk_unexpected(a, "the value of %s is too long", name);
        }
        if (!text)
            return FAILED;
        json_object_set_new(to, name, json_string(text));
        template_free(text);
    }
    return DONE;
}

enum result
http_set(struct walk *a, const json_t *step)
{
    return set_all(a, member(step, "set"), a->vars, SIZE_MAX);
}

enum result
http_keep(struct walk *a, const json_t *step)
{
    const json_t *for_s = member(step, "for_s");
    char *text = for_s ? value_text(a, for_s) : NULL;
    double seconds = text ? strtod(text, NULL) : 0;

    if (for_s && !text)
        return FAILED;
    template_free(text);
    if (seconds > 0) /* a tenth earlier: a token must not end on its way */
        a->session->expires_ms = a->job->now_ms + (int64_t)(900 * seconds);
    return set_all(a, member(step, "keep"), a->session->kept, KEPT_BYTES_MAX);
}

enum result
http_store(struct walk *a, const json_t *step)
{
    struct session *session = a->session;

    if (set_all(a, member(step, "store"), session->stored, KEPT_BYTES_MAX) == FAILED)
        return FAILED;
    json_object_update(session->kept, session->stored);
    return DONE;
}

/* --- conditions --- */

/* Ends the attempt for a reason that the recipe gives; code NULL: it gives none. */
static enum result
fail_by_recipe(struct walk *a, const json_t *step, const char *code, const char *otherwise)
{
    const json_t *template = member(step, "words");
    char *words = template ? value_text(a, template) : mem_string(otherwise);

    if (words && code)
        walk_fail(a, reason_find(code)->code, "%s", words);
    else if (words)
        walk_unexpected(a, "%s", words);
    template_free(words);
    return FAILED;
}

enum result
http_assert(struct walk *a, const json_t *step)
{
    char why[CONDITION_WHY_BYTES];
    enum truth truth = condition_holds(a, member(step, "assert"), why);

    if (truth != NO)
        return truth == YES ? DONE : FAILED;
    return fail_by_recipe(a, step, text_of(step, "code"), why);
}

enum result
http_fail(struct walk *a, const json_t *step)
{
    return fail_by_recipe(a, step, text_of(step, "fail"), "the recipe says so");
}

enum result
http_when(struct walk *a, const json_t *step)
{
    char why[CONDITION_WHY_BYTES];
    enum truth truth = condition_holds(a, member(step, "when"), why);
    const char *branch = truth == YES ? "then" : "else";

    if (truth == BROKEN)
        return FAILED;
    walk_push(a, member(step, branch), branch, false);
    return DONE;
}

enum result
http_wait(struct walk *a, const json_t *step)
{
    const json_t *timeout = member(step, "timeout_s");
    double seconds = timeout ? json_number_value(timeout) : WAIT_S;

    walk_push(a, member(step, "do"), "do", false);
    a->levels[a->depth - 1].loop = step;
    a->levels[a->depth - 1].until_ms = a->job->now_ms + (int64_t)(1000 * seconds);
    return DONE;
}

enum result
http_wait_again(struct walk *a, struct level *level, bool *over)
{
    char why[CONDITION_WHY_BYTES];
    enum truth truth = condition_holds(a, member(level->loop, "wait"), why);
    const json_t *every = member(level->loop, "every_s");

    *over = truth == YES;
    if (truth != NO)
        return truth == YES ? DONE : FAILED;
    if (a->job->now_ms >= level->until_ms)
        return walk_fail(a, REASON_ERP_FAILURE, "timed out: %s", why);
    level->index = 0;
    a->wait_ms = every ? (unsigned)(1000 * json_number_value(every)) : 1000;
    return DONE;
}

/* --- rows --- */

static const char *
row_name(const json_t *step)
{
    return text_of(step, "as") ?: "row";
}

/* The rows in which the condition holds; NULL: FAILED is set. */
static json_t *
matching(struct walk *a, const json_t *step, const json_t *list)
{
    const json_t *where = member(step, "where"), *row;
    char why[CONDITION_WHY_BYTES];
    json_t *rows = json_array();
    enum truth truth;
    size_t i;

    json_array_foreach(list, i, row)
    {
        value_set(a, row_name(step), json_incref((json_t *)row));
        truth = where ? condition_holds(a, where, why) : YES;
        if (truth == BROKEN) {
            json_decref(rows);
            return NULL;
        }
        if (truth == YES)
            json_array_append(rows, (json_t *)row);
    }
    return rows;
}

/* Nobody but a person knows which of them is the order's; in a look-up they are lines of ours. */
static enum result
too_many(struct walk *a, json_t *rows)
{
    bool looks = a->section == LOOKUP || a->section == VERIFY;
    size_t count = json_array_size(rows);
    json_t *first = json_copy(json_array_get(rows, 0)), *second = json_array_get(rows, 1);
    char *one = mem_string(value_as_text(a, first)), *other = mem_string(value_as_text(a, second));

    walk_fail(a, looks ? REASON_OUTCOME_UNKNOWN : REASON_ERP_REJECTED,
              "%zu rows match, expected one: %.150s and %.150s", count, one, other);
    template_free(one);
    template_free(other);
    json_decref(first);
    json_decref(rows);
    return FAILED;
}

/* The steps for no row, or for many. */
static enum result
instead_of_rows(struct walk *a, const json_t *step, const char *name, json_t *rows)
{
    json_decref(rows);
    if (!member(step, name))
        return walk_unexpected(a, "no row of %s matches", text_of(step, "each"));
    walk_push(a, member(step, name), name, false);
    return DONE;
}

enum result
http_each(struct walk *a, const json_t *step)
{
    const json_t *list = value_json(a, member(step, "each"));
    struct level *level;
    json_t *rows;

    if (!json_is_array(list)) /* not the same as none: that may mean that nothing is billed yet */
        return walk_unexpected(a, "%s is not a list", text_of(step, "each"));
    rows = matching(a, step, list);
    if (!rows)
        return FAILED;
    if (json_array_size(rows) > 1 && !json_is_false(member(step, "only")))
        return member(step, "many") ? instead_of_rows(a, step, "many", rows) : too_many(a, rows);
    if (!json_array_size(rows))
        return instead_of_rows(a, step, "none", rows);
    value_set(a, row_name(step), json_incref(json_array_get(rows, 0)));
    walk_push(a, member(step, "do"), "do", false);
    level = &a->levels[a->depth - 1];
    level->loop = step;
    level->rows = rows;
    return DONE;
}

enum result
http_call(struct walk *a, const json_t *step)
{
    const char *name = text_of(step, "call");

    if (set_all(a, member(step, "with"), a->vars, SIZE_MAX) != DONE)
        return FAILED;
    walk_push(a, json_object_get(json_object_get(a->session->recipe, "pieces"), name), name, true);
    return DONE;
}

/* --- our line --- */

static char *
found_text(struct walk *a, const json_t *step, const char *name)
{
    const json_t *template = json_object_get(member(step, "found"), name);

    return template ? value_text(a, template) : NULL;
}

enum result
http_found(struct walk *a, const json_t *step)
{
    const json_t *found = member(step, "found");
    const struct number_format format = recipe_number_format(json_object_get(found, "number"));
    char plain[ORDER_VALUE_MAX + 1];

    found_clear(&a->found);
    a->found.reference = found_text(a, step, "reference");
    a->found.product_nr = a->found.reference ? found_text(a, step, "product_nr") : NULL;
    a->found.amount = a->found.product_nr ? found_text(a, step, "amount") : NULL;
    a->found.worksheet = a->found.amount ? found_text(a, step, "worksheet") : NULL;
    if (!a->found.amount || (!a->found.worksheet && json_object_get(found, "worksheet")))
        return FAILED;
    a->found.words = found_text(a, step, "words");
    if (!a->found.words && json_object_get(found, "words"))
        return FAILED;
    if (!*a->found.reference)
        return walk_unexpected(a, "the line that was found has no reference");
    if (!template_number(a->found.amount, &format, plain, sizeof plain))
        return walk_unexpected(a, "the amount \"%.120s\" is not a number", a->found.amount);
    free(a->found.amount);
    a->found.amount = mem_string(plain);
    a->found.is = true;
    walk_clear_steps(a);
    return DONE;
}

/* --- what a check has found --- */

enum result
http_known(struct walk *a, const json_t *step)
{
    char *texts[KNOWN_MEMBERS] = {NULL};
    enum result result = DONE;

    for (size_t i = 0; result == DONE && i < KNOWN_MEMBERS; i++) {
        const json_t *template = member(step, known_member(i));

        texts[i] = template ? value_text(a, template) : NULL;
        result = template && !texts[i] ? FAILED : DONE;
    }
    if (result == DONE && known_take(a->job, text_of(step, "known"), texts))
        walk_clear_steps(a);
    for (size_t i = 0; i < KNOWN_MEMBERS; i++)
        template_free(texts[i]);
    return result;
}
