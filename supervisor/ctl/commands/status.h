/* How the state of integrations is displayed. */
#ifndef SUPERVISOR_CTL_COMMANDS_STATUS_H
#define SUPERVISOR_CTL_COMMANDS_STATUS_H

#include "supervisor/ctl/ctl.h"

/* Of all (a reply to GET /health), or of one (GET /workshops/{w}). */
void status_print_all(const struct ctl *ctl, const json_t *health);
void status_print_one(const struct ctl *ctl, const json_t *integration);

/* Repeats the output of status. */
int status_watch(struct ctl *ctl);

#endif
