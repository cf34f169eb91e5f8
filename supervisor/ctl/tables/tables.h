/* The rows of the commands, a file for each group of them. */
#ifndef SUPERVISOR_CTL_TABLES_TABLES_H
#define SUPERVISOR_CTL_TABLES_TABLES_H

#include "supervisor/ctl/ctl.h"

#define ARGUMENTS(least, most) .args_min = (least), .args_max = (most)

extern const struct command_group tables_processes;
extern const struct command_group tables_copies;
extern const struct command_group tables_orders;
extern const struct command_group tables_workshops;
extern const struct command_group tables_users;
extern const struct command_group tables_recipes;
extern const struct command_group tables_daemon;

#endif
