/* What the `next` of a list over all workshops stands for: a position in each workshop. The last
 * CONTINUATIONS_MAX of them are kept. */
#ifndef SUPERVISOR_ACROSS_CONTINUATIONS_H
#define SUPERVISOR_ACROSS_CONTINUATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/config.h"
#include "common/order/order.h"

#define CONTINUATIONS_MAX 32u
#define AFTER_BYTES 64

/* Where a workshop's list goes on. */
struct position {
    char slug[CONFIG_SLUG_MAX + 1];
    char after[AFTER_BYTES];         /* the worker's cursor; empty: from the beginning */
    unsigned skipped;                /* so many behind it are on a page; … */
    char shown[ORDER_VALUE_MAX + 1]; /* … this is the last of them */
    bool ended;
    bool failed;
};

struct continuations *continuations_new(void);
void continuations_free(struct continuations *continuations);

/* Takes over positions; filter and slug are copied. Returns its cursor. */
const char *continuations_add(struct continuations *continuations, const char *filter,
                              const char *slug, struct position *positions, size_t count);

/* Borrowed until the next call. NULL: the cursor is unknown, or one of another filter or slug. */
const struct position *continuations_find(const struct continuations *continuations,
                                          const char *cursor, const char *filter, const char *slug,
                                          size_t *count);

#endif
