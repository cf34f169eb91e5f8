/* The JSON schema (draft 2020-12) of a recipe, for editors. What only recipe_check knows is not in
 * it: variables, circles, what a section is for. */
#ifndef COMMON_RECIPE_JSON_SCHEMA_H
#define COMMON_RECIPE_JSON_SCHEMA_H

#include <jansson.h>

/* The caller owns it. */
json_t *recipe_json_schema(void);

#endif
