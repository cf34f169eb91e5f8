/* Levenshtein's distance, without regard to ASCII case, on words of limited length. */
#include "supervisor/ctl/term/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 128, PREFIX_MIN = 3, LETTERS_PER_ERROR = 3 };

static size_t
least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

static size_t
distance(const char *one, const char *other)
{
    size_t row[WORD_MAX + 1], length = strlen(other);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; one[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            bool differs = tolower((unsigned char)one[i]) != tolower((unsigned char)other[j]);
            size_t replaced = diagonal + differs;

            diagonal = row[j + 1];
            row[j + 1] = least(replaced, row[j] + 1, diagonal + 1);
        }
    }
    return row[length];
}

void
nearest_try(struct nearest *nearest, const char *candidate)
{
    size_t length = strlen(nearest->word), errors;

    if (!candidate || length > WORD_MAX || strlen(candidate) > WORD_MAX)
        return;
    errors = distance(nearest->word, candidate);
    if (length >= PREFIX_MIN && strncasecmp(candidate, nearest->word, length) == 0)
        errors = 1;
    if (errors <= 1 + length / LETTERS_PER_ERROR && errors < length &&
        (!nearest->best || errors < nearest->distance)) {
        nearest->best = candidate;
        nearest->distance = errors;
    }
}
