/* Letters that are changed, left out, added or swapped (Damerau, "A technique for computer
 * detection and correction of spelling errors", 1964). */
#include "common/json/similar.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { LETTERS_MAX = 128, PREFIX_MIN = 3 };

static bool
same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t
least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static size_t
distance(const char *a, const char *b, size_t rows, size_t columns)
{
    unsigned char cost[LETTERS_MAX + 1][LETTERS_MAX + 1];

    for (size_t i = 0; i <= rows; i++)
        for (size_t j = 0; j <= columns; j++) {
            size_t other = i && j && !same(a[i - 1], b[j - 1]);

            if (!i || !j) {
                cost[i][j] = (unsigned char)(i + j);
                continue;
            }
            cost[i][j] = (unsigned char)least(cost[i - 1][j] + 1u, cost[i][j - 1] + 1u,
                                              cost[i - 1][j - 1] + other);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) &&
                cost[i - 2][j - 2] + 1 < cost[i][j])
                cost[i][j] = (unsigned char)(cost[i - 2][j - 2] + 1);
        }
    return cost[rows][columns];
}

void
similar_try(struct similar *similar, const char *known)
{
    size_t length = strlen(similar->word), size = known ? strlen(known) : 0, far;

    if (!known || length > LETTERS_MAX || size > LETTERS_MAX)
        return;
    far = distance(similar->word, known, length, size);
    if (length >= PREFIX_MIN && far > 1 && strncasecmp(known, similar->word, length) == 0)
        far = 1;
    if (far > (size + 2) / 3 || far >= size || (similar->best && far >= similar->distance))
        return;
    similar->best = known;
    similar->distance = far;
}
