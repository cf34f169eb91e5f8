/* The composite values of a recipe: locators, conditions, steps, lists and maps. */
#include <string.h>

#include "common/base/host_pattern.h"
#include "common/json/similar.h"
#include "common/recipe/browser_rules.h"
#include "common/recipe/checker.h"

/* --- objects and lists --- */

void
recipe_kind_locator(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *text = json_string_value(value);

    if (text && strcmp(text, "row") == 0 && !c->in_row && c->section != RECIPE_IN_PIECE)
        recipe_fault(c, "\"row\" is valid only inside each");
    else if (text)
        recipe_check_kind(c, RECIPE_CSS, value);
    else if (json_is_object(value))
        recipe_check_object(c, value, recipe_shape(RECIPE_OBJECT_LOCATOR), NULL);
    else
        recipe_fault(c, "must be a CSS selector or a locator%s",
                     m->kind == RECIPE_PAGE ? ", or null for the page itself" : "");
}

void
recipe_kind_page(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    if (!json_is_null(value))
        recipe_kind_locator(c, m, value);
}

void
recipe_kind_locator_or_template(struct recipe_checker *c, const struct recipe_member *m,
                                const json_t *value)
{
    if (json_is_object(value))
        recipe_kind_locator(c, m, value);
    else
        recipe_check_kind(c, RECIPE_TEMPLATE, value);
}

void
recipe_kind_frame(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const json_t *frame;
    size_t i;

    (void)m;
    if (json_is_array(value) && !json_array_size(value))
        recipe_fault(c, "is empty");
    json_array_foreach(value, i, frame)
    {
        size_t here = recipe_enter_item(c, i);

        recipe_check_kind(c, json_is_string(frame) ? RECIPE_TEMPLATE : RECIPE_LOCATOR, frame);
        recipe_leave(c, here);
    }
    if (!json_is_array(value))
        recipe_check_kind(c, json_is_string(value) ? RECIPE_TEMPLATE : RECIPE_LOCATOR, value);
}

void
recipe_kind_templates(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_list(c, value, RECIPE_TEMPLATE, 0);
}

/* fault: returns what is wrong with a text, or NULL. */
static void
check_texts(struct recipe_checker *c, const json_t *value, const char *(*fault)(const char *text))
{
    const json_t *element;
    size_t i;

    recipe_check_list(c, value, RECIPE_TEXT, 0);
    json_array_foreach(value, i, element)
    {
        const char *text = json_string_value(element), *wrong = text ? fault(text) : NULL;
        size_t here = recipe_enter_item(c, i);

        if (wrong)
            recipe_fault(c, "%s", wrong);
        recipe_leave(c, here);
    }
}

void
recipe_kind_arguments(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    check_texts(c, value, browser_argument_fault);
}

static const char *
host_fault(const char *text)
{
    struct host_pattern pattern;

    return host_pattern_parse(text, &pattern) ? NULL : HOST_PATTERN_FORM;
}

void
recipe_kind_hosts(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    check_texts(c, value, host_fault);
}

void
recipe_kind_conditions(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_list(c, value, RECIPE_CONDITION, 1);
}

void
recipe_kind_pair(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    if (json_array_size(value) != 2)
        recipe_fault(c, "must be a list of two elements");
    recipe_check_list(c, value, RECIPE_TEMPLATE, 1);
}

/* Checks each member of an object by a kind; its names are variables, options or pieces. */
static void
check_map(struct recipe_checker *c, const json_t *value, enum recipe_kind kind)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        recipe_fault(c, "must be an object");
    json_object_foreach((json_t *)value, name, member)
    {
        size_t here = recipe_enter(c, name);

        if (!recipe_name_valid(name))
            recipe_fault(c, "is not a valid name: use letters, digits and _");
        recipe_check_kind(c, kind, member);
        recipe_leave(c, here);
    }
}

void
recipe_kind_values(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    check_map(c, value, RECIPE_TEMPLATE);
}

void
recipe_kind_texts(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    check_map(c, value, RECIPE_CODE);
}

void
recipe_kind_pieces(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    check_map(c, value, RECIPE_STEPS);
}

void
recipe_kind_options(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *name;
    json_t *option;

    (void)m;
    if (!json_is_object(value))
        recipe_fault(c, "must be an object");
    json_object_foreach((json_t *)value, name, option)
    {
        size_t here = recipe_enter(c, name);

        if (!recipe_name_valid(name))
            recipe_fault(c, "is not a valid name: use letters, digits and _");
        recipe_check_shaped(c, option, RECIPE_OBJECT_OPTION);
        recipe_leave(c, here);
    }
}

void
recipe_kind_browser(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_shaped(c, value, RECIPE_OBJECT_BROWSER);
}

void
recipe_kind_number_format(struct recipe_checker *c, const struct recipe_member *m,
                          const json_t *value)
{
    const struct number_format format = recipe_number_format(value);

    (void)m;
    recipe_check_shaped(c, value, RECIPE_OBJECT_NUMBER);
    if (format.decimal == format.group)
        recipe_fault(c, "decimal and group must differ");
}

void
recipe_kind_found(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_shaped(c, value, RECIPE_OBJECT_FOUND);
}

void
recipe_kind_errors(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const json_t *rule;
    size_t i;

    (void)m;
    if (!json_is_array(value))
        recipe_fault(c, "must be a list");
    json_array_foreach(value, i, rule)
    {
        size_t here = recipe_enter_item(c, i);

        recipe_check_shaped(c, rule, c->http ? RECIPE_OBJECT_HTTP_RULE : RECIPE_OBJECT_RULE);
        recipe_leave(c, here);
    }
}

/* --- conditions --- */

void
recipe_kind_test(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    static const enum recipe_object objects[] = {
        [RECIPE_TEXT_TEST] = RECIPE_OBJECT_TEST,
        [RECIPE_VALUE_TEST] = RECIPE_OBJECT_TEST,
        [RECIPE_VARIABLE_TEST] = RECIPE_OBJECT_VARIABLE_TEST,
        [RECIPE_HEADER_TEST] = RECIPE_OBJECT_HEADER_TEST,
        [RECIPE_JSON_TEST] = RECIPE_OBJECT_JSON_TEST,
        [RECIPE_XML_TEST] = RECIPE_OBJECT_XML_TEST,
        [RECIPE_URL_TEST] = RECIPE_OBJECT_URL_TEST,
    };

    if (!json_is_object(value) && m->kind == RECIPE_TEXT_TEST)
        recipe_check_kind(c, RECIPE_TEMPLATE, value);
    else if (c->http && m->kind == RECIPE_TEXT_TEST)
        recipe_check_shaped(c, value, RECIPE_OBJECT_HTTP_TEXT_TEST);
    else if (c->http && m->kind == RECIPE_VARIABLE_TEST)
        recipe_check_shaped(c, value, RECIPE_OBJECT_HTTP_VARIABLE_TEST);
    else
        recipe_check_shaped(c, value, objects[m->kind]);
    if (json_object_get(value, "exact") && m->kind == RECIPE_VALUE_TEST)
        recipe_fault(c, "\"exact\" applies to \"text\" only: a value is always compared exactly");
}

void
recipe_kind_dialog(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    if (!json_is_true(value))
        recipe_check_kind(c, RECIPE_TEMPLATE, value);
}

void
recipe_kind_condition(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    recipe_check_shaped(c, value, c->http ? RECIPE_OBJECT_HTTP_CONDITION : RECIPE_OBJECT_CONDITION);
    if (c->page_only && (json_object_get(value, "dialog") || json_object_get(value, "windows")))
        recipe_fault(c, "\"dialog\" and \"windows\" are not valid in a row condition");
}

/* --- steps --- */

void
recipe_kind_row_condition(struct recipe_checker *c, const struct recipe_member *m,
                          const json_t *value)
{
    bool page_only = c->page_only, in_row = c->in_row;

    c->page_only = c->in_row = true;
    recipe_kind_condition(c, m, value);
    c->page_only = page_only;
    c->in_row = in_row;
}

void
recipe_kind_row_steps(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    bool was = c->in_row;

    c->in_row = true;
    recipe_kind_steps(c, m, value);
    c->in_row = was;
}

void
recipe_kind_row_locators(struct recipe_checker *c, const struct recipe_member *m,
                         const json_t *value)
{
    bool was = c->in_row;

    (void)m;
    c->in_row = true;
    recipe_check_list(c, value, RECIPE_LOCATOR, 1);
    c->in_row = was;
}

static void
check_read(struct recipe_checker *c, const json_t *step)
{
    const char *what = json_string_value(json_object_get(step, "what")) ?: "text";
    bool page = strcmp(what, "url") == 0 || strcmp(what, "title") == 0 || strcmp(what, "page") == 0;

    if (page != (bool)json_is_null(json_object_get(step, "read")))
        recipe_fault(c, "\"read\" must be null for url, title and page, and a locator otherwise");
    if (json_object_get(step, "exact") && strcmp(what, "text"))
        recipe_fault(
            c, "\"exact\" applies to \"what\": \"text\" only: everything else is read exactly");
}

static void
unknown_verb(struct recipe_checker *c, const json_t *step)
{
    const struct recipe_verb_row *row;
    struct similar similar = {NULL, NULL, 0};
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)step, name, value)
    {
        similar.word = name;
        for (size_t i = 0; (row = recipe_verb_row(c->http, i)); i++)
            similar_try(&similar, row->shape.members->name);
    }
    if (similar.best)
        recipe_fault(c, "has no known verb: did you mean \"%s\"?", similar.best);
    else
        recipe_fault(c, "has no known verb");
}

static void
check_step(struct recipe_checker *c, const json_t *step)
{
    const struct recipe_verb_row *row = recipe_verb_find(c->http, step);
    const char *verb = row ? row->shape.members->name : "";

    if (!json_is_object(step))
        recipe_fault(c, "must be a step (an object)");
    else if (!row)
        unknown_verb(c, step);
    else if (row->sections && !(row->sections & c->section))
        recipe_fault(c, "%s is not allowed in this section", verb);
    if (!row)
        return;
    recipe_check_object(c, step, &row->shape, recipe_shape(RECIPE_OBJECT_STEP));
    if (c->http)
        recipe_check_request(c, step);
    else if (strcmp(verb, "read") == 0)
        check_read(c, step);
    if (strcmp(verb, "press") == 0 && json_object_get(step, "navigates") &&
        !json_object_get(step, "in"))
        recipe_fault(c, "\"navigates\" requires \"in\": it names the page to leave");
}

void
recipe_kind_steps(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const json_t *step;
    size_t i;

    (void)m;
    if (!json_is_array(value))
        recipe_fault(c, "must be a list of steps");
    json_array_foreach(value, i, step)
    {
        size_t here = recipe_enter_item(c, i);

        check_step(c, step);
        recipe_leave(c, here);
    }
}
