/* Which known word somebody may have meant. */
#ifndef COMMON_JSON_SIMILAR_H
#define COMMON_JSON_SIMILAR_H

#include <stddef.h>

/* The best known word so far; begin with {word, NULL, 0}. */
struct similar {
    const char *word, *best;
    size_t distance;
};

/* Takes note of a known word: it is the best where it differs least, and by no more than a third of
 * its letters. */
void similar_try(struct similar *similar, const char *known);

#endif
