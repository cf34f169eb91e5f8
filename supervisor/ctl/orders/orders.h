/* What the commands about orders share. */
#ifndef SUPERVISOR_CTL_ORDERS_ORDERS_H
#define SUPERVISOR_CTL_ORDERS_ORDERS_H

#include "supervisor/ctl/ctl.h"

/* Puts worksheet, product and amount into the body, as far as they were given. */
int orders_set_content(const struct ctl *ctl, json_t *body);

/* "orders/{second argument}SUFFIX" below the workshop. To be freed. */
char *orders_path(const struct ctl *ctl, const char *suffix);

/* Names the workshops that a reply over all of them lacks; slugs NULL or empty: nothing. */
void orders_print_incomplete(const json_t *slugs);

#endif
