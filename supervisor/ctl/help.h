/* The help texts and the machine's list of commands, all to stdout. */
#ifndef SUPERVISOR_CTL_HELP_H
#define SUPERVISOR_CTL_HELP_H

#include "supervisor/ctl/ctl.h"

void help_program(void);
void help_command(const struct command *command);

/* A line a command, for shell completion and tests: its name, its arguments as the usage has them
 * and its options (--NAME or --NAME=VALUE), with a tab between the three. */
void help_list(void);

#endif
