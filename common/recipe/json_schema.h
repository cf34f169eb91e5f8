/* The JSON schema (draft 2020-12) of a recipe, for editors. Rules that only recipe_check knows are
 * not part of it: variables, circles, the purpose of a section. */
#ifndef COMMON_RECIPE_JSON_SCHEMA_H
#define COMMON_RECIPE_JSON_SCHEMA_H

#include <jansson.h>

/* The caller owns it. */
json_t *recipe_json_schema(void);

#endif
