/* A workshop's options, and the engine's queries about a checked recipe. */
#include "common/recipe/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/json/members.h"
#include "common/shape/shape.h"

/* --- a workshop's options --- */

void
recipe_check_options(const json_t *recipe, const json_t *options, const char *file,
                     const char *pointer, struct json_faults *faults)
{
    const json_t *known = json_object_get(recipe, "options");
    char *inside = mem_format("%s/options", pointer);
    const struct json_location location = {file, inside, faults};
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)options, name, value)
    {
        if (!json_object_get(known, name))
            json_check_fault(&location, name, "the recipe has no such option");
        else if (!json_is_string(value))
            json_check_fault(&location, name, "must be a string");
    }
    json_object_foreach((json_t *)known, name, value)
    {
        if (!json_object_get(options, name) && !json_object_get(value, "default"))
            json_check_fault(&location, name, "is missing: the recipe has no default");
    }
    free(inside);
}

/* --- queries of the engine --- */

int64_t
recipe_number(const json_t *object, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(object, name);

    return json_is_number(value) ? (int64_t)json_number_value(value) : fallback;
}

bool
recipe_is_http(const json_t *recipe)
{
    return strcmp(json_string_value(json_object_get(recipe, "kind")) ?: "", "http") == 0;
}

const char *
recipe_verb(bool http, const json_t *step)
{
    return recipe_verb_find(http, step)->shape.members->name;
}

struct number_format
recipe_number_format(const json_t *format)
{
    const char *decimal = json_string_value(json_object_get(format, "decimal"));
    const char *group = json_string_value(json_object_get(format, "group"));

    return (struct number_format){.decimal = (char)(decimal && *decimal ? *decimal : '.'),
                                  .group = (char)(group ? *group : '\0')};
}
