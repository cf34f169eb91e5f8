/* How a recipe compares an order's uniqueid, and which ids it can tell from every other by that. */
#ifndef COMMON_RECIPE_ID_H
#define COMMON_RECIPE_ID_H

#include <jansson.h>
#include <stdbool.h>

#define RECIPE_ID_SIGNS_MAX 32 /* as many as there are in ASCII */

/* What its exact comparisons ask of an id. */
struct recipe_id {
    bool in_text;                        /* the text of a page is compared */
    char signs[RECIPE_ID_SIGNS_MAX + 1]; /* that stand around the id: none may be in it */
};

/* Whether a condition, or the elements of a locator, hold for one id alone; adds to *id what it
 * asks. False: it compares no id, or not exactly. */
bool recipe_id_condition(const json_t *recipe, const json_t *condition, struct recipe_id *id);
bool recipe_id_locator(const json_t *locator, struct recipe_id *id);

/* Of all comparisons that the look-ups of a recipe rely on (found.c). */
struct recipe_id recipe_id_of(const json_t *recipe);

#endif
