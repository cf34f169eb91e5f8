/* The values of an API recipe that a page recipe has not. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/recipe/checker.h"

void
recipe_kind_proven(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    if (!json_is_null(value))
        recipe_kind_text(c, m, value);
}

void
recipe_kind_id_rules(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_shaped(c, value, RECIPE_OBJECT_ID_RULES);
}

/* Names of headers and form fields are any. */
void
recipe_kind_typed_values(struct recipe_checker *c, const struct recipe_member *m,
                         const json_t *value)
{
    const char *name;
    json_t *member;

    (void)m;
    if (!json_is_object(value))
        recipe_fault(c, "must be an object");
    json_object_foreach((json_t *)value, name, member)
    {
        size_t here = recipe_enter(c, name);

        if (!*name || strpbrk(name, " :\r\n\"") || !isprint((unsigned char)*name))
            recipe_fault(c, "is not a valid name");
        recipe_check_kind(c, RECIPE_TYPED, member);
        recipe_leave(c, here);
    }
}

void
recipe_kind_xpaths(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_shaped(c, value, RECIPE_OBJECT_XPATHS);
}

/* --- bodies --- */

static void check_body(struct recipe_checker *c, const json_t *value);

static void
check_elements(struct recipe_checker *c, const json_t *list, size_t from)
{
    for (size_t i = from; i < json_array_size(list); i++) {
        size_t here = recipe_enter_item(c, i);

        check_body(c, json_array_get(list, i));
        recipe_leave(c, here);
    }
}

/* ["{variable}", body …] */
static void
check_operands(struct recipe_checker *c, const json_t *value)
{
    size_t here;

    if (json_array_size(value) < 2) {
        recipe_fault(c, "must be a list of a variable and at least one operand");
        return;
    }
    here = recipe_enter_item(c, 0);
    recipe_check_kind(c, RECIPE_VARIABLE, json_array_get(value, 0));
    recipe_leave(c, here);
    check_elements(c, value, 1);
}

/* [condition, body] */
static void
check_when(struct recipe_checker *c, const json_t *value)
{
    size_t here;

    if (json_array_size(value) != 2) {
        recipe_fault(c, "must be a list of a condition and the value to use if it holds");
        return;
    }
    here = recipe_enter_item(c, 0);
    recipe_check_kind(c, RECIPE_CONDITION, json_array_get(value, 0));
    recipe_leave(c, here);
    check_elements(c, value, 1);
}

static const struct {
    const char *name;
    enum recipe_kind kind;
    bool operands;
} operators[] = {{"$number", RECIPE_TEMPLATE, false},
                 {"$json", RECIPE_VARIABLE, false},
                 {"$merge", RECIPE_TEXT, true},
                 {"$append", RECIPE_TEXT, true},
                 {"$each", RECIPE_TEXT, true}};

static void
check_operator(struct recipe_checker *c, const json_t *object, const char *name,
               const json_t *value)
{
    if (json_object_size(object) != 1)
        recipe_fault(c, "must be the only member");
    if (strcmp(name, "$when") == 0) {
        check_when(c, value);
        return;
    }
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (strcmp(operators[i].name, name))
            continue;
        if (operators[i].operands)
            check_operands(c, value);
        else
            recipe_check_kind(c, operators[i].kind, value);
        return;
    }
    recipe_fault(c, "must be one of $number, $json, $merge, $append, $each, $when");
}

static void
check_body(struct recipe_checker *c, const json_t *value)
{
    const char *name;
    json_t *member;

    if (json_is_string(value))
        recipe_check_kind(c, RECIPE_TYPED, value);
    check_elements(c, value, 0);
    json_object_foreach((json_t *)value, name, member)
    {
        json_t *key = json_string(name);
        size_t here = recipe_enter(c, name);

        recipe_check_kind(c, RECIPE_TEMPLATE, key);
        if (*name == '$')
            check_operator(c, value, name, member);
        else
            check_body(c, member);
        recipe_leave(c, here);
        json_decref(key);
    }
}

void
recipe_kind_body(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    check_body(c, value);
}

/* --- what is read of a reply --- */

static bool
is_status(const json_t *value)
{
    const char *text = json_string_value(value);
    json_int_t number = json_integer_value(value);

    if (text)
        return *text >= '1' && *text <= '5' && strcmp(text + 1, "xx") == 0;
    return number >= 100 && number <= 599;
}

void
recipe_kind_status(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    bool sound = json_is_array(value) ? json_array_size(value) > 0 : is_status(value);

    (void)m;
    for (size_t i = 0; i < json_array_size(value); i++)
        sound = sound && is_status(json_array_get(value, i));
    if (!sound)
        recipe_fault(c, "must be a status such as 404 or \"4xx\", or a list of them");
}

void
recipe_kind_pointer(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *text = json_string_value(value);

    (void)m;
    if (!text || (*text && *text != '/'))
        recipe_fault(c, "must be a JSON pointer: \"\" for the whole, or \"/member/0\"");
}

void
recipe_kind_variable(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *text = json_string_value(value) ?: "";

    (void)m;
    if (*text != '{' || strcspn(text, "}|") + 1 != strlen(text))
        recipe_fault(c, "must be a variable alone: \"{name}\"");
    else
        recipe_check_kind(c, RECIPE_TEMPLATE, value);
}

void
recipe_kind_variable_or_null(struct recipe_checker *c, const struct recipe_member *m,
                             const json_t *value)
{
    if (!json_is_null(value))
        recipe_kind_variable(c, m, value);
}

void
recipe_kind_pages(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_shaped(c, value, RECIPE_OBJECT_PAGES);
}

void
recipe_kind_between(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    if (json_array_size(value) != 2)
        recipe_fault(c, "must be a list of two texts: before it, and after it");
    recipe_check_list(c, value, RECIPE_TEXT, 1);
}

/* --- requests --- */

/* Whether an operator stands somewhere in a body. */
static bool
has_operator(const json_t *value, const char *operator)
{
    const char *name;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)value, name, member)
    {
        if (strcmp(name, operator) == 0 || has_operator(member, operator))
            return true;
    }
    json_array_foreach(value, i, member)
    {
        if (has_operator(member, operator))
            return true;
    }
    return false;
}

static bool
has_guard(const json_t *step)
{
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(step, "headers"), name, value)
    {
        if (strcasecmp(name, "If-Match") == 0)
            return true;
    }
    return false;
}

void
recipe_check_request(struct recipe_checker *c, const json_t *step)
{
    static const char *const bodies[] = {"json", "form", "multipart", "body", "graphql"};
    const json_t *pages = json_object_get(step, "pages");
    int count = 0;

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        count += json_object_get(step, bodies[i]) != NULL;
    if (count > 1)
        recipe_fault(c, "must have one body: json, form, multipart, body or graphql");
    if (json_object_get(step, "xpath") &&
        (pages || json_object_get(step, "at") || !json_object_get(step, "into")))
        recipe_fault(c, "\"xpath\" requires \"into\", and excludes \"at\" and \"pages\"");
    if (pages && (!json_object_get(step, "into") || !json_object_get(step, "at")))
        recipe_fault(c, "\"pages\" requires \"at\", where each page has its rows, and \"into\"");
    if (has_operator(json_object_get(step, "json"), "$append") && !has_guard(step) &&
        !has_operator(json_object_get(step, "json"), "$merge") &&
        !json_is_true(json_object_get(c->recipe, "unguarded")))
        recipe_fault(c, "replaces lines: a change that another user makes meanwhile is lost. Send "
                        "the header If-Match, or the whole document by $merge with its version, or "
                        "say \"unguarded\": true in the recipe if the ERP has no guard");
}
