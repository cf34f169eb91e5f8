/* The parsed command line, before the daemon is contacted. */
#ifndef SUPERVISOR_CTL_OPTIONS_H
#define SUPERVISOR_CTL_OPTIONS_H

#include "supervisor/ctl/ctl.h"

/* The words that are not options, in order; borrowed from argv. */
struct words {
    const char **items; /* owned */
    size_t count;
};

/* What it means to a command; NULL: to all. */
const struct option_def *option_of(const struct command *command, enum ctl_option option);

/* Parses the command line; options may be anywhere. CTL_OK, or CTL_USAGE after reporting why. */
int options_read(struct ctl *ctl, struct words *words, int argc, char **argv);

/* Whether ctl's command accepts these arguments and options: CTL_OK, or CTL_USAGE after reporting
 * what is wrong. */
int options_check(const struct ctl *ctl);

#endif
