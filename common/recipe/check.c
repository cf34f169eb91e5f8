/* Going through a recipe with the tables of recipe_shape.c: what stands where it may not. */
#include <stdio.h>
#include <string.h>

#include "common/recipe/checker.h"

/* Goes into a member; the result brings recipe_leave() back. */
size_t
recipe_enter(struct recipe_checker *c, const char *name)
{
    size_t here = strlen(c->pointer);

    config_pointer_add(c->pointer, sizeof c->pointer, name);
    return here;
}

size_t
recipe_enter_item(struct recipe_checker *c, size_t i)
{
    char index[24];

    snprintf(index, sizeof index, "%zu", i);
    return recipe_enter(c, index);
}

void
recipe_leave(struct recipe_checker *c, size_t here)
{
    c->pointer[here] = '\0';
}

/* A member of a kind, without limits. */
void
recipe_check_kind(struct recipe_checker *c, enum recipe_kind kind, const json_t *value)
{
    const struct recipe_member member = {.name = "", .kind = kind};

    recipe_check_value(c, &member, value);
}

/* --- the table --- */

static recipe_kind_check *const checks[] = {
    [RECIPE_TEXT] = recipe_kind_text,
    [RECIPE_TEMPLATE] = recipe_kind_template,
    [RECIPE_TYPED] = recipe_kind_template,
    [RECIPE_URL] = recipe_kind_template,
    [RECIPE_CSS] = recipe_kind_template,
    [RECIPE_XPATH] = recipe_kind_template,
    [RECIPE_CODE] = recipe_kind_filled,
    [RECIPE_REGEX] = recipe_kind_filled,
    [RECIPE_NAME] = recipe_kind_name,
    [RECIPE_BOOL] = recipe_kind_bool,
    [RECIPE_INTEGER] = recipe_kind_number,
    [RECIPE_SECONDS] = recipe_kind_number,
    [RECIPE_CHOICE] = recipe_kind_choice,
    [RECIPE_REASON] = recipe_kind_reason,
    [RECIPE_PIECE] = recipe_kind_piece,
    [RECIPE_KEYS] = recipe_kind_keys,
    [RECIPE_WHAT] = recipe_kind_what,
    [RECIPE_LOCATOR] = recipe_kind_locator,
    [RECIPE_PAGE] = recipe_kind_page,
    [RECIPE_LOCATOR_OR_T] = recipe_kind_locator_or_template,
    [RECIPE_FRAME] = recipe_kind_frame,
    [RECIPE_CONDITION] = recipe_kind_condition,
    [RECIPE_CONDITIONS] = recipe_kind_conditions,
    [RECIPE_TEXT_TEST] = recipe_kind_test,
    [RECIPE_VALUE_TEST] = recipe_kind_test,
    [RECIPE_VARIABLE_TEST] = recipe_kind_test,
    [RECIPE_URL_TEST] = recipe_kind_test,
    [RECIPE_DIALOG] = recipe_kind_dialog,
    [RECIPE_PAIR] = recipe_kind_pair,
    [RECIPE_STEPS] = recipe_kind_steps,
    [RECIPE_ROW_CONDITION] = recipe_kind_row_condition,
    [RECIPE_ROW_STEPS] = recipe_kind_row_steps,
    [RECIPE_ROW_LOCATORS] = recipe_kind_row_locators,
    [RECIPE_TEMPLATES] = recipe_kind_templates,
    [RECIPE_VALUES] = recipe_kind_values,
    [RECIPE_NUMBER] = recipe_kind_number_format,
    [RECIPE_FOUND] = recipe_kind_found,
    [RECIPE_OPTIONS] = recipe_kind_options,
    [RECIPE_BROWSER] = recipe_kind_browser,
    [RECIPE_WINDOW_SIZE] = recipe_kind_window_size,
    [RECIPE_ARGUMENTS] = recipe_kind_arguments,
    [RECIPE_HOSTS] = recipe_kind_hosts,
    [RECIPE_PIECES] = recipe_kind_pieces,
    [RECIPE_ERRORS] = recipe_kind_errors,
    [RECIPE_ONE] = recipe_kind_one,
};

void
recipe_check_value(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    checks[m->kind](c, m, value);
}

static void
check_members(struct recipe_checker *c, const json_t *object, const struct recipe_shape *shape,
              int *ways)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct recipe_member *m = &shape->members[i];
        const json_t *value = json_object_get(object, m->name);
        size_t here = recipe_enter(c, m->name);

        if (m->section)
            c->section = m->section;
        *ways += value && m->way;
        if (value)
            recipe_check_value(c, m, value);
        else if (m->required)
            recipe_fault(c, "is missing");
        recipe_leave(c, here);
    }
}

static bool
shape_has(const struct recipe_shape *shape, const char *name, bool *ways)
{
    bool has = false;

    for (size_t i = 0; shape && i < shape->count; i++) {
        *ways = *ways || shape->members[i].way;
        has = has || strcmp(shape->members[i].name, name) == 0;
    }
    return has;
}

static void
check_ways(struct recipe_checker *c, const struct recipe_shape *shape, int ways)
{
    char words[160] = "";
    size_t used = 0;

    if (ways == 1)
        return;
    for (size_t i = 0; i < shape->count; i++)
        if (shape->members[i].way)
            used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", used ? ", " : "",
                                     shape->members[i].name);
    recipe_fault(c, "must have exactly one of %s", words);
}

void
recipe_check_object(struct recipe_checker *c, const json_t *object,
                    const struct recipe_shape *shape, const struct recipe_shape *more)
{
    bool has_ways = false;
    const char *name;
    json_t *value;
    int ways = 0;

    json_object_foreach((json_t *)object, name, value)
    {
        size_t here = recipe_enter(c, name);

        if (!shape_has(shape, name, &has_ways) && !shape_has(more, name, &has_ways))
            recipe_fault(c, "unknown member");
        recipe_leave(c, here);
    }
    shape_has(shape, "", &has_ways);
    check_members(c, object, shape, &ways);
    if (more)
        check_members(c, object, more, &ways);
    if (has_ways)
        check_ways(c, shape, ways);
}

/* --- the whole --- */

bool
recipe_check(const json_t *recipe, const char *file, struct config_faults *faults)
{
    struct recipe_checker c = {.recipe = recipe, .file = file, .faults = faults};
    size_t before = faults->count;

    if (json_object_size(json_object_get(recipe, "pieces")) > RECIPE_PIECES_MAX) {
        config_fault_add(faults, file, "/pieces", "has more than %d pieces", RECIPE_PIECES_MAX);
    } else if (json_is_object(recipe)) {
        c.names = recipe_whole_names(recipe);
        recipe_check_object(&c, recipe, recipe_shape(RECIPE_OBJECT_FILE), NULL);
        recipe_whole_check(&c);
        recipe_id_check(&c);
        json_decref(c.names);
    } else {
        recipe_fault(&c, "must be an object");
    }
    return faults->count == before;
}
