/* A recipe's texts with their values, and its variables, which are JSON. */
#ifndef ERP_DRIVERS_HTTP_VALUE_H
#define ERP_DRIVERS_HTTP_VALUE_H

#include "erp-drivers/http/attempt.h"

/* A text with its values; template_free() it. NULL: FAILED is set. */
char *value_text(struct attempt *a, const json_t *text);
char *value_string(struct attempt *a, const char *text);

/* The JSON of "{name}" or "{name.member}"; NULL: there is none. */
const json_t *value_json(struct attempt *a, const json_t *variable);

/* The text of a JSON value, null being empty; valid until the next call. */
const char *value_as_text(struct attempt *a, const json_t *value);

void value_set(struct attempt *a, const char *name, json_t *value); /* takes it over */

#endif
