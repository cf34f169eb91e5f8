/* Texts become JSON texts; what begins with $ is an operator:
 *
 *   {"$number": TEXT}          a number with exactly these digits
 *   {"$json": "{variable}"}    as the ERP has said it
 *   {"$merge": ["{variable}", OBJECT]}    all its members, these in place of its own
 *   {"$append": ["{variable}", ELEMENT …]}    its elements, and these
 *   {"$each": ["{variable}", BODY]}    one BODY for each element, which is {row}
 *   {"$when": [CONDITION, BODY]}    a member that is left out where the condition does not hold */
#include "erp-drivers/http/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/percent.h"
#include "common/json/number.h"
#include "common/order/reason.h"
#include "erp-drivers/http/condition.h"
#include "erp-drivers/http/value.h"

#define NUMBER_BYTES 160

static json_t *build(struct attempt *a, const json_t *body);

/* --- operators --- */

static json_t *
build_number(struct attempt *a, const json_t *operand)
{
    char plain[NUMBER_BYTES], *text = value_text(a, operand);
    json_t *number = NULL;

    if (text && json_number_plain(text, plain, sizeof plain))
        number = json_sprintf("%c%s", JSON_NUMBER_MARK, plain);
    else if (text)
        http_attempt_unexpected(a, "\"%s\" is not a number", text);
    template_free(text);
    return number;
}

/* NULL: FAILED is set. */
static json_t *
variable(struct attempt *a, const json_t *operand)
{
    const json_t *value = value_json(a, operand);

    if (!value)
        http_attempt_unexpected(a, "%s has no value", json_string_value(operand));
    return json_deep_copy(value);
}

static json_t *
build_json(struct attempt *a, const json_t *operand)
{
    return variable(a, operand);
}

static json_t *
build_merge(struct attempt *a, const json_t *operands)
{
    json_t *whole = variable(a, json_array_get(operands, 0));
    json_t *part = whole ? build(a, json_array_get(operands, 1)) : NULL;

    if (part && json_object_update(whole, part)) {
        http_attempt_unexpected(a, "%s is not an object",
                                json_string_value(json_array_get(operands, 0)));
        json_decref(part);
        part = NULL;
    }
    if (part) {
        json_decref(part);
        return whole;
    }
    json_decref(whole);
    return NULL;
}

static json_t *
build_append(struct attempt *a, const json_t *operands)
{
    json_t *list = variable(a, json_array_get(operands, 0));

    if (list && !json_is_array(list))
        http_attempt_unexpected(a, "%s is not a list",
                                json_string_value(json_array_get(operands, 0)));
    for (size_t i = 1; json_is_array(list) && i < json_array_size(operands); i++) {
        json_t *element = build(a, json_array_get(operands, i));

        if (!element) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, element);
    }
    if (json_is_array(list))
        return list;
    json_decref(list);
    return NULL;
}

/* An absent value or null has no elements; anything else that is not a list is an error. */
static json_t *
build_each(struct attempt *a, const json_t *operands)
{
    const json_t *rows = value_json(a, json_array_get(operands, 0)), *row;
    json_t *list = json_array(), *element;
    size_t i;

    if (rows && !json_is_null(rows) && !json_is_array(rows)) {
        json_decref(list);
        http_attempt_unexpected(a, "%s is not a list",
                                json_string_value(json_array_get(operands, 0)));
        return NULL;
    }
    json_array_foreach(rows, i, row)
    {
        value_set(a, "row", json_incref((json_t *)row));
        element = build(a, json_array_get(operands, 1));
        if (!element) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, element);
    }
    return list;
}

static const struct {
    const char *name;
    json_t *(*build)(struct attempt *a, const json_t *operand);
} operators[] = {{"$number", build_number},
                 {"$json", build_json},
                 {"$merge", build_merge},
                 {"$append", build_append},
                 {"$each", build_each}};

/* --- JSON --- */

static json_t *
build_string(struct attempt *a, const json_t *template)
{
    char *text = value_text(a, template);
    json_t *string = text ? json_string(text) : NULL;

    if (text && !string)
        http_attempt_fail(a, REASON_ERP_REJECTED, "a value is not valid UTF-8");
    template_free(text);
    return string;
}

static json_t *
build_array(struct attempt *a, const json_t *body)
{
    json_t *array = json_array(), *part;
    const json_t *element;
    size_t i;

    json_array_foreach(body, i, element)
    {
        part = build(a, element);
        if (!part) {
            json_decref(array);
            return NULL;
        }
        json_array_append_new(array, part);
    }
    return array;
}

static bool
add_member(struct attempt *a, json_t *object, const char *name, const json_t *member)
{
    const json_t *when = json_object_get(member, "$when");
    char why[CONDITION_WHY_BYTES], *key;
    enum truth truth = when ? condition_holds(a, json_array_get(when, 0), why) : YES;
    json_t *part;
    bool added;

    if (truth != YES)
        return truth == NO;
    if (when)
        member = json_array_get(when, 1);
    key = value_string(a, name);
    part = key ? build(a, member) : NULL;
    added = part && json_object_set_new(object, key, part) == 0;
    template_free(key);
    return added;
}

static json_t *
build_object(struct attempt *a, const json_t *body)
{
    json_t *object = json_object(), *member;
    const char *name;

    json_object_foreach((json_t *)body, name, member)
    {
        for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
            if (strcmp(operators[i].name, name) == 0) {
                json_decref(object);
                return operators[i].build(a, member);
            }
        if (!add_member(a, object, name, member)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* NULL: FAILED is set. */
static json_t *
build(struct attempt *a, const json_t *body)
{
    if (json_is_string(body))
        return build_string(a, body);
    if (json_is_array(body))
        return build_array(a, body);
    return json_is_object(body) ? build_object(a, body) : json_incref((json_t *)body);
}

/* Takes the value over. */
static char *
as_text(json_t *value)
{
    char *dumped = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL, *text = NULL;

    json_decref(value);
    if (dumped)
        text = json_number_unmark(dumped);
    template_free(dumped);
    return text;
}

char *
body_json(struct attempt *a, const json_t *body)
{
    return as_text(build(a, body));
}

char *
body_graphql(struct attempt *a, const json_t *query, const json_t *variables)
{
    json_t *values = variables ? build(a, variables) : json_object();

    return values ? as_text(json_pack("{s:O s:o}", "query", query, "variables", values)) : NULL;
}

/* --- forms --- */

/* text: taken over. */
static char *
joined(char *text, const char *more)
{
    char *both = mem_format("%s%s", text, more);

    template_free(text);
    return both;
}

static char *
add_field(char *text, const char *name, const char *value)
{
    char *one = percent_encode(name), *other = percent_encode(value);

    text = joined(text, *text ? "&" : "");
    text = joined(joined(joined(text, one), "="), other);
    free(one);
    template_free(other);
    return text;
}

char *
body_form(struct attempt *a, const json_t *fields)
{
    char *text = mem_string(""), *value;
    const char *name;
    json_t *field;

    json_object_foreach((json_t *)fields, name, field)
    {
        value = value_text(a, field);
        if (!value) {
            template_free(text);
            return NULL;
        }
        text = add_field(text, name, value);
        template_free(value);
    }
    return text;
}

static char *
add_part(char *text, const char *boundary, const char *name, const char *value)
{
    char *head =
        mem_format("--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n", boundary, name);

    text = joined(joined(joined(text, head), value), "\r\n");
    free(head);
    return text;
}

char *
body_multipart(struct attempt *a, const json_t *fields, const char *boundary)
{
    char *text = mem_string(""), *value, *end;
    const char *name;
    json_t *field;

    json_object_foreach((json_t *)fields, name, field)
    {
        value = value_text(a, field);
        if (value && strstr(value, boundary)) {
            http_attempt_fail(a, REASON_ERP_REJECTED,
                              "a value has the boundary of the body's parts");
            template_free(value);
            value = NULL;
        }
        if (!value) {
            template_free(text);
            return NULL;
        }
        text = add_part(text, boundary, name, value);
        template_free(value);
    }
    end = mem_format("--%s--\r\n", boundary);
    text = joined(text, end);
    free(end);
    return text;
}
