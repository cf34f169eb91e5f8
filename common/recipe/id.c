/* Exact comparisons of the uniqueid.
 *
 * A line is ours if a text is the id, or contains it between characters that no id contains. So a
 * comparison counts only if its template is {order.uniqueid} without a filter and without other
 * variables, and if each open side ("starts" is open at the end) has punctuation next to it. An id
 * that contains such a character, or that a page cannot show, is refused (recipe_id_fits). */
#include "common/recipe/id.h"

#include <ctype.h>
#include <string.h>

#include "common/base/err.h"
#include "common/recipe/recipe.h"
#include "common/template/template.h"

#define ID "order.uniqueid"

/* --- templates --- */

/* The sides on which more text may follow. */
static const struct {
    const char *name;
    bool before, after;
} comparisons[] = {
    {"is", false, false}, {"starts", false, true}, {"ends", true, false}, {"contains", true, true}};

static void
add_sign(struct recipe_id *id, char sign)
{
    size_t length = strlen(id->signs);

    if (strchr(id->signs, sign) || length == RECIPE_ID_SIGNS_MAX)
        return;
    id->signs[length] = sign;
    id->signs[length + 1] = '\0';
}

static bool
template_compares(const json_t *template, bool open_before, bool open_after, struct recipe_id *id)
{
    const char *text = json_string_value(template);
    char before, after;

    if (!text || !template_surrounds(text, ID, &before, &after))
        return false;
    if ((open_before && !ispunct((unsigned char)before)) ||
        (open_after && !ispunct((unsigned char)after)))
        return false;
    if (open_before)
        add_sign(id, before);
    if (open_after)
        add_sign(id, after);
    return true;
}

static bool
test_compares(const json_t *test, struct recipe_id *id)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (template_compares(json_object_get(test, comparisons[i].name), comparisons[i].before,
                              comparisons[i].after, id))
            return true;
    return false;
}

/* --- variables --- */

/* How a step sets a variable. */
enum setting { NOT_AT_ALL, EXACTLY, FROM_TEXT, LOOSELY };

/* A text without "exact" has lost white space, and "match" may extract only a part. */
static enum setting
read_sets(const json_t *step)
{
    const char *what = json_string_value(json_object_get(step, "what")) ?: "text";

    if (json_object_get(step, "match") || json_object_get(step, "number"))
        return LOOSELY;
    if (strcmp(what, "value") == 0 || strncmp(what, "attribute:", 10) == 0)
        return EXACTLY;
    return strcmp(what, "text") == 0 && json_is_true(json_object_get(step, "exact")) ? FROM_TEXT
                                                                                     : LOOSELY;
}

/* What an API says comes exactly, unless a part of it is cut out. */
static enum setting
http_step_sets(const json_t *step, const char *name)
{
    const char *into = json_string_value(json_object_get(step, "into"));
    const char *row = json_string_value(json_object_get(step, "as")) ?: "row";

    if (json_object_get(step, "each") && strcmp(row, name) == 0)
        return EXACTLY;
    if (!into || strcmp(into, name))
        return NOT_AT_ALL;
    return json_object_get(step, "between") || json_object_get(step, "number") ? LOOSELY : EXACTLY;
}

static enum setting
step_sets(bool http, const json_t *step, const char *name)
{
    const char *into = json_string_value(json_object_get(step, "into"));

    if (json_object_get(json_object_get(step, "set"), name) ||
        json_object_get(json_object_get(step, "with"), name))
        return LOOSELY;
    if (http)
        return http_step_sets(step, name);
    if (!into || strcmp(into, name) || json_object_get(step, "type"))
        return NOT_AT_ALL;
    return json_object_get(step, "read") ? read_sets(step) : EXACTLY; /* else a script */
}

/* The weakest of all steps that set it, anywhere in the recipe. */
static enum setting
setting_of(bool http, const json_t *value, const char *name)
{
    enum setting worst = json_is_object(value) ? step_sets(http, value, name) : NOT_AT_ALL;
    const char *key;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)value, key, member)
    {
        enum setting one = setting_of(http, member, name);

        worst = one > worst ? one : worst;
    }
    json_array_foreach(value, i, member)
    {
        enum setting one = setting_of(http, member, name);

        worst = one > worst ? one : worst;
    }
    return worst;
}

/* Whether a template is {NAME}, a variable with an unmodified text. */
static bool
is_exact_variable(const json_t *recipe, const json_t *template, struct recipe_id *id)
{
    const char *text = json_string_value(template) ?: "";
    size_t length = strlen(text);
    char name[TEMPLATE_NAME_MAX + 1];
    enum setting setting;

    if (length < 3 || length > TEMPLATE_NAME_MAX + 2 || *text != '{' || text[length - 1] != '}')
        return false;
    text_copy(name, length - 1, text + 1);
    if (recipe_is_http(recipe))
        name[strcspn(name, ".")] = '\0';
    setting = setting_of(recipe_is_http(recipe), recipe, name);
    if (setting == FROM_TEXT)
        id->in_text = true;
    return setting == EXACTLY || setting == FROM_TEXT;
}

static bool
equal_compares(const json_t *recipe, const json_t *condition, struct recipe_id *id)
{
    const json_t *pair = json_object_get(condition, "equal");
    const char *as = json_string_value(json_object_get(condition, "as"));

    if (as && strcmp(as, "number") == 0)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (template_compares(json_array_get(pair, i), false, false, id) &&
            is_exact_variable(recipe, json_array_get(pair, 1 - i), id))
            return true;
    return false;
}

/* --- locators --- */

/* [ATTRIBUTE="{order.uniqueid|css}"], without anything that could negate it. */
static bool
css_compares(const char *css)
{
    static const char location[] = "=\"{" ID "|css}\"]";
    const char *at = strstr(css, location);

    return at && at > css && (isalnum((unsigned char)at[-1]) || strchr("-_", at[-1])) &&
           !strpbrk(css, ",(");
}

/* [@ATTRIBUTE={order.uniqueid|xpath}] */
static bool
xpath_compares(const char *xpath)
{
    static const char location[] = "={" ID "|xpath}]";
    const char *at = strstr(xpath, location), *name = at;

    if (!at || strpbrk(at + sizeof location - 1, "(|") ||
        strcspn(xpath, "(|") < (size_t)(at - xpath))
        return false;
    while (name > xpath && (isalnum((unsigned char)name[-1]) || strchr("-_", name[-1])))
        name--;
    return name < at && name > xpath + 1 && strncmp(name - 2, "[@", 2) == 0;
}

static bool
attribute_compares(const json_t *locator)
{
    struct recipe_id none = {.in_text = false};
    const char *css = json_string_value(json_object_get(locator, "css"));
    const char *xpath = json_string_value(json_object_get(locator, "xpath"));

    return (css && css_compares(css)) || (xpath && xpath_compares(xpath)) ||
           template_compares(json_object_get(locator, "id"), false, false, &none) ||
           template_compares(json_object_get(locator, "name"), false, false, &none);
}

static bool
in_text(bool compares, struct recipe_id *id)
{
    id->in_text = id->in_text || compares;
    return compares;
}

bool
recipe_id_locator(const json_t *locator, struct recipe_id *id)
{
    if (json_is_string(locator))
        return css_compares(json_string_value(locator));
    if (attribute_compares(locator))
        return true;
    return in_text(template_compares(json_object_get(locator, "text"), false, false, id) ||
                       template_compares(json_object_get(locator, "link"), false, false, id) ||
                       template_compares(json_object_get(locator, "contains"), true, true, id),
                   id);
}

/* --- conditions --- */

static bool
variable_compares(const json_t *recipe, const json_t *test, struct recipe_id *id)
{
    return test_compares(test, id) && is_exact_variable(recipe, json_object_get(test, "text"), id);
}

/* One comparing part is enough if all parts must hold; if any part suffices, each must compare. */
static bool
parts_compare(const json_t *recipe, const json_t *parts, bool all, struct recipe_id *id)
{
    bool some = false, each = json_array_size(parts) > 0;
    const json_t *part;
    size_t i;

    json_array_foreach(parts, i, part)
    {
        bool compares = recipe_id_condition(recipe, part, id);

        some = some || compares;
        each = each && compares;
    }
    return all ? some : each;
}

bool
recipe_id_condition(const json_t *recipe, const json_t *c, struct recipe_id *id)
{
    const json_t *part;

    if ((part = json_object_get(c, "text"))) /* of the whole page: the id may be elsewhere on it */
        return json_is_object(part) && in_text(test_compares(part, id), id);
    if ((part = json_object_get(c, "value")))
        return test_compares(part, id);
    if ((part = json_object_get(c, "variable")))
        return variable_compares(recipe, part, id);
    if (json_object_get(c, "equal"))
        return equal_compares(recipe, c, id);
    if ((part = json_object_get(c, "present")) || (part = json_object_get(c, "visible")))
        return recipe_id_locator(part, id);
    if ((part = json_object_get(c, "all")))
        return parts_compare(recipe, part, true, id);
    if ((part = json_object_get(c, "any")))
        return parts_compare(recipe, part, false, id);
    return false;
}
