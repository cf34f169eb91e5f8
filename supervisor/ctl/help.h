/* The help texts and the machine-readable list of commands, all on stdout. */
#ifndef SUPERVISOR_CTL_HELP_H
#define SUPERVISOR_CTL_HELP_H

#include "supervisor/ctl/ctl.h"

void help_program(void);
void help_command(const struct command *command);

/* One line per command, for shell completion and tests: its name, its arguments as in the usage and
 * its options (--NAME or --NAME=VALUE), separated by tabs. */
void help_list(void);

#endif
