/* How a recipe compares an order's uniqueid, and which ids it can distinguish from every other. */
#ifndef COMMON_RECIPE_ID_H
#define COMMON_RECIPE_ID_H

#include <jansson.h>
#include <stdbool.h>

#define RECIPE_ID_SIGNS_MAX 32 /* as many as ASCII has */

/* Requirements of its exact comparisons on an id. */
struct recipe_id {
    bool in_text;                        /* the text of a page is compared */
    char signs[RECIPE_ID_SIGNS_MAX + 1]; /* characters around the id: it may not contain them */
};

/* Whether a condition, or the elements of a locator, hold for one id alone; adds its requirements
 * to *id. False: it compares no id, or not exactly. */
bool recipe_id_condition(const json_t *recipe, const json_t *condition, struct recipe_id *id);
bool recipe_id_locator(const json_t *locator, struct recipe_id *id);

/* The requirements of all comparisons that a recipe's look-ups rely on (found.c). */
struct recipe_id recipe_id_of(const json_t *recipe);

#endif
