/* Which known word was probably meant. */
#ifndef COMMON_JSON_SIMILAR_H
#define COMMON_JSON_SIMILAR_H

#include <stddef.h>

/* The best known word so far; begin with {word, NULL, 0}. best is borrowed. */
struct similar {
    const char *word, *best;
    size_t distance;
};

/* Considers a known word; NULL is ignored. It becomes the best if it differs least, and in no more
 * than a third of its letters, without regard to ASCII case. At least three letters that it begins
 * with are near as well. */
void similar_try(struct similar *similar, const char *known);

#endif
