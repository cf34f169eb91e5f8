/* The expanded texts of a recipe, and its variables. */
#ifndef ERP_DRIVERS_WEBDRIVER_VALUES_H
#define ERP_DRIVERS_WEBDRIVER_VALUES_H

#include "erp-drivers/webdriver/attempt.h"

/* A text with its values; template_free() it. NULL: FAILED is set. */
char *values_text(struct attempt *a, const json_t *text);

/* A variable; value is copied. */
void values_set(struct attempt *a, const char *name, const char *value);

/* A copy of a value with all its templates expanded; NULL: FAILED is set. */
json_t *values_resolve(struct attempt *a, const json_t *value);

/* An array of the results of `one` for each element; NULL if one of them is NULL: FAILED is set. */
json_t *values_each(struct attempt *a, const json_t *array,
                    json_t *(*one)(struct attempt *a, const json_t *element));

#endif
