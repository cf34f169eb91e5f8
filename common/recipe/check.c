/* The check of a whole recipe. */
#include <string.h>

#include "common/recipe/checker.h"

/* One function per kind. */
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
    [RECIPE_PROVEN] = recipe_kind_proven,
    [RECIPE_ID_RULES] = recipe_kind_id_rules,
    [RECIPE_TYPED_VALUES] = recipe_kind_typed_values,
    [RECIPE_BODY] = recipe_kind_body,
    [RECIPE_STATUS] = recipe_kind_status,
    [RECIPE_POINTER] = recipe_kind_pointer,
    [RECIPE_VARIABLE] = recipe_kind_variable,
    [RECIPE_OR_NULL] = recipe_kind_variable_or_null,
    [RECIPE_PAGES] = recipe_kind_pages,
    [RECIPE_HEADER_TEST] = recipe_kind_test,
    [RECIPE_JSON_TEST] = recipe_kind_test,
    [RECIPE_BETWEEN] = recipe_kind_between,
    [RECIPE_TEXTS] = recipe_kind_texts,
    [RECIPE_XML_TEST] = recipe_kind_test,
    [RECIPE_XPATHS] = recipe_kind_xpaths,
};

/* Whether it is a page's step in no way, but an API's. */
static bool
begins_requests(const json_t *recipe)
{
    const json_t *step;
    size_t i;

    json_array_foreach(json_object_get(recipe, "commit"), i, step)
    {
        if (!recipe_verb_find(false, step) && recipe_verb_find(true, step))
            return true;
    }
    return false;
}

/* Held against the wrong format, every other member would have a fault. */
static bool
check_kind(const json_t *recipe, const char *file, struct json_faults *faults)
{
    const json_t *kind = json_object_get(recipe, "kind");
    const char *text = json_string_value(kind) ?: "";

    if (kind ? strcmp(text, "http") == 0 || strcmp(text, "page") == 0 : !begins_requests(recipe))
        return true;
    json_fault_add(faults, file, "/kind", "must be \"http\" (an API recipe) or \"page\"");
    return false;
}

bool
recipe_check(const json_t *recipe, const char *file, struct json_faults *faults)
{
    struct recipe_checker c = {.recipe = recipe,
                               .file = file,
                               .faults = faults,
                               .checks = checks,
                               .http = recipe_is_http(recipe)};
    size_t before = faults->count;

    if (json_object_size(json_object_get(recipe, "pieces")) > RECIPE_PIECES_MAX) {
        json_fault_add(faults, file, "/pieces", "has more than %d pieces", RECIPE_PIECES_MAX);
    } else if (json_is_object(recipe) && check_kind(recipe, file, faults)) {
        c.names = recipe_whole_names(recipe);
        recipe_check_object(
            &c, recipe, recipe_shape(c.http ? RECIPE_OBJECT_HTTP_FILE : RECIPE_OBJECT_FILE), NULL);
        recipe_whole_check(&c);
        recipe_id_check(&c);
        json_decref(c.names);
    } else if (!json_is_object(recipe)) {
        recipe_fault(&c, "must be an object");
    }
    return faults->count == before;
}
