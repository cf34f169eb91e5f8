/* JSON bodies: templates in a recipe's JSON, and what goes over the wire. */
#ifndef ERP_DRIVERS_HTTP_BODY_H
#define ERP_DRIVERS_HTTP_BODY_H

#include "erp-drivers/http/attempt.h"

/* The text of a body; template_free() it. NULL: FAILED is set. */
char *body_json(struct attempt *a, const json_t *body);
char *body_graphql(struct attempt *a, const json_t *query, const json_t *variables);
char *body_form(struct attempt *a, const json_t *fields);
char *body_multipart(struct attempt *a, const json_t *fields, const char *boundary);

#endif
