/* One function a verb. */
#include "erp-drivers/http/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
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
read_value(struct attempt *a, const json_t *step)
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
set_number(struct attempt *a, const json_t *step, json_t *value)
{
    const struct number_format format = recipe_number_format(member(step, "number"));
    const char *text = value_as_text(a, value);
    char plain[NUMBER_BYTES];
    enum result result = DONE;

    if (template_number(text, &format, plain, sizeof plain))
        value_set(a, text_of(step, "into"), json_string(plain));
    else
        result = http_attempt_unexpected(a, "\"%.120s\" is not a number", text);
    json_decref(value);
    return result;
}

enum result
http_read(struct attempt *a, const json_t *step)
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
        return http_attempt_unexpected(a, "no value to read into %s", text_of(step, "into"));
    if (member(step, "number"))
        return set_number(a, step, value);
    value_set(a, text_of(step, "into"), value);
    return DONE;
}

static enum result
keep_all(struct attempt *a, const json_t *values, json_t *to)
{
    const char *name;
    json_t *template;
    char *text;

    json_object_foreach((json_t *)values, name, template)
    {
        text = value_text(a, template);
        if (text && strlen(text) > KEPT_BYTES_MAX) {
            template_free(text);
            return http_attempt_unexpected(a, "the value of %s is too long", name);
        }
        if (!text)
            return FAILED;
        json_object_set_new(to, name, json_string(text));
        template_free(text);
    }
    return DONE;
}

enum result
http_set(struct attempt *a, const json_t *step)
{
    return engine_set(&a->engine, member(step, "set")) ? DONE : FAILED;
}

enum result
http_keep(struct attempt *a, const json_t *step)
{
    const json_t *for_s = member(step, "for_s");
    char *text = for_s ? value_text(a, for_s) : NULL;
    double seconds = text ? strtod(text, NULL) : 0;

    if (for_s && !text)
        return FAILED;
    template_free(text);
    if (seconds > 0) /* a tenth earlier: a token must not end on its way */
        a->session->expires_ms = a->job->now_ms + (int64_t)(900 * seconds);
    return keep_all(a, member(step, "keep"), a->session->kept);
}

enum result
http_store(struct attempt *a, const json_t *step)
{
    struct session *session = a->session;

    if (keep_all(a, member(step, "store"), session->stored) == FAILED)
        return FAILED;
    json_object_update(session->kept, session->stored);
    return DONE;
}

/* --- conditions --- */

enum result
http_assert(struct attempt *a, const json_t *step)
{
    char why[CONDITION_WHY_BYTES];
    enum truth truth = condition_holds(a, member(step, "assert"), why);

    if (truth != NO)
        return truth == YES ? DONE : FAILED;
    engine_fail(&a->engine, step, text_of(step, "code"), why);
    return FAILED;
}

enum result
http_fail(struct attempt *a, const json_t *step)
{
    engine_fail_step(&a->engine, step);
    return FAILED;
}

enum result
http_when(struct attempt *a, const json_t *step)
{
    char why[CONDITION_WHY_BYTES];
    enum truth truth = condition_holds(a, member(step, "when"), why);

    if (truth == BROKEN)
        return FAILED;
    engine_when(&a->engine, step, truth == YES);
    return DONE;
}

enum result
http_wait(struct attempt *a, const json_t *step)
{
    const json_t *timeout = member(step, "timeout_s");
    double seconds = timeout ? json_number_value(timeout) : WAIT_S;
    struct level *level = levels_push(&a->engine.levels, member(step, "do"), "do", false);

    level->loop = step;
    level->until_ms = a->job->now_ms + (int64_t)(1000 * seconds);
    return DONE;
}

enum result
http_wait_again(struct attempt *a, struct level *level, bool *over)
{
    char why[CONDITION_WHY_BYTES];
    enum truth truth = condition_holds(a, member(level->loop, "wait"), why);
    const json_t *every = member(level->loop, "every_s");

    *over = truth == YES;
    if (truth != NO)
        return truth == YES ? DONE : FAILED;
    if (a->job->now_ms >= level->until_ms)
        return http_attempt_fail(a, REASON_ERP_FAILURE, "timed out: %s", why);
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
matching(struct attempt *a, const json_t *step, const json_t *list)
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

/* Only a person knows which of them is the order's; in a look-up they are lines of ours. */
static enum result
too_many(struct attempt *a, json_t *rows)
{
    bool looks = a->section == LOOKUP || a->section == VERIFY;
    size_t count = json_array_size(rows);
    json_t *first = json_copy(json_array_get(rows, 0)), *second = json_array_get(rows, 1);
    char *one = mem_string(value_as_text(a, first)), *other = mem_string(value_as_text(a, second));

    http_attempt_fail(a, looks ? REASON_OUTCOME_UNKNOWN : REASON_ERP_REJECTED,
                      "%zu rows match, expected one: %.150s and %.150s", count, one, other);
    template_free(one);
    template_free(other);
    json_decref(first);
    json_decref(rows);
    return FAILED;
}

/* The steps for no row, or for many. */
static enum result
instead_of_rows(struct attempt *a, const json_t *step, const char *name, json_t *rows)
{
    json_decref(rows);
    if (!member(step, name))
        return http_attempt_unexpected(a, "no row of %s matches", text_of(step, "each"));
    levels_push(&a->engine.levels, member(step, name), name, false);
    return DONE;
}

enum result
http_each(struct attempt *a, const json_t *step)
{
    const json_t *list = value_json(a, member(step, "each"));
    struct level *level;
    json_t *rows;

    if (!json_is_array(list)) /* not the same as none: that may mean that nothing is billed yet */
        return http_attempt_unexpected(a, "%s is not a list", text_of(step, "each"));
    rows = matching(a, step, list);
    if (!rows)
        return FAILED;
    if (json_array_size(rows) > 1 && !json_is_false(member(step, "only")))
        return member(step, "many") ? instead_of_rows(a, step, "many", rows) : too_many(a, rows);
    if (!json_array_size(rows))
        return instead_of_rows(a, step, "none", rows);
    value_set(a, row_name(step), json_incref(json_array_get(rows, 0)));
    level = levels_push(&a->engine.levels, member(step, "do"), "do", false);
    level->loop = step;
    level->rows = rows;
    return DONE;
}

enum result
http_call(struct attempt *a, const json_t *step)
{
    return engine_call(&a->engine, step) ? DONE : FAILED;
}

/* --- our line --- */

enum result
http_found(struct attempt *a, const json_t *step)
{
    if (!engine_found(&a->engine, step))
        return FAILED;
    if (!*a->engine.found.reference)
        return http_attempt_unexpected(a, "the line that was found has no reference");
    return engine_found_take(&a->engine, step) ? DONE : FAILED;
}

enum result
http_known(struct attempt *a, const json_t *step)
{
    return engine_known(&a->engine, step) ? DONE : FAILED;
}

/* --- what those that are the same for pages need --- */

static char *
own_text(void *attempt, const json_t *template)
{
    return value_text(attempt, template);
}

static void
own_set(void *attempt, const char *variable, const char *value)
{
    value_set(attempt, variable, json_string(value));
}

static void
own_fail(void *attempt, const char *code, const char *words)
{
    if (code)
        http_attempt_fail(attempt, code, "%s", words);
    else
        http_attempt_unexpected(attempt, "%s", words);
}

const struct engine_calls http_calls = {own_text, own_set, own_fail};
