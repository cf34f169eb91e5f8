/* The command line as it was given, before anything is asked of the daemon. */
#ifndef SUPERVISOR_CTL_OPTIONS_H
#define SUPERVISOR_CTL_OPTIONS_H

#include "supervisor/ctl/ctl.h"

/* A command has two words at most. */
enum { WORDS_MAX = CTL_ARGS_MAX + 2 };

/* What is no option, in its order; borrowed from argv. */
struct words {
    const char *items[WORDS_MAX];
    size_t count; /* more than WORDS_MAX means too many were given */
};

/* By enum ctl_option. */
const struct option_def *option_table(void);

/* Takes the command line apart, wherever options stand in it. CTL_OK, or CTL_USAGE after having
 * said why. */
int options_read(struct ctl *ctl, struct words *words, int argc, char **argv);

/* Whether ctl's command takes these arguments and options: CTL_OK, or CTL_USAGE after having said
 * what is wrong. */
int options_check(const struct ctl *ctl);

#endif
