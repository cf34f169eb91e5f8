/* Which of several words was probably meant: the one with the fewest typing errors. */
#ifndef SUPERVISOR_CTL_TERM_NEAREST_H
#define SUPERVISOR_CTL_TERM_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word; /* as typed */
    const char *best; /* borrowed; NULL: none is near enough */
    size_t distance;  /* of the best */
};

/* Considers a candidate; NULL is ignored. A word that was typed only in part is near as well. */
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
