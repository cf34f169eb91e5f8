#include "supervisor/across/continuations.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/secret.h"

#define CURSOR_BYTES 17 /* 64 random bits, hexadecimal */

struct continuation {
    TAILQ_ENTRY(continuation) link;
    char cursor[CURSOR_BYTES];
    char *filter, *slug;
    struct position *positions;
    size_t count;
};

TAILQ_HEAD(continuation_list, continuation);

struct continuations {
    struct continuation_list all; /* the latest first */
    unsigned count;
};

static void
continuation_free(struct continuations *continuations, struct continuation *one)
{
    TAILQ_REMOVE(&continuations->all, one, link);
    continuations->count--;
    free(one->filter);
    free(one->slug);
    free(one->positions);
    free(one);
}

const char *
continuations_add(struct continuations *continuations, const char *filter, const char *slug,
                  struct position *positions, size_t count)
{
    struct continuation *one = mem_alloc(sizeof *one);
    uint64_t number;

    secret_random((unsigned char *)&number, sizeof number);
    snprintf(one->cursor, sizeof one->cursor, "%016llx", (unsigned long long)number);
    one->filter = mem_string(filter);
    one->slug = mem_string(slug);
    one->positions = positions;
    one->count = count;
    TAILQ_INSERT_HEAD(&continuations->all, one, link);
    if (++continuations->count > CONTINUATIONS_MAX)
        continuation_free(continuations, TAILQ_LAST(&continuations->all, continuation_list));
    return one->cursor;
}

const struct position *
continuations_find(const struct continuations *continuations, const char *cursor,
                   const char *filter, const char *slug, size_t *count)
{
    const struct continuation *one;

    TAILQ_FOREACH(one, &continuations->all, link)
        if (strcmp(one->cursor, cursor) == 0 && strcmp(one->filter, filter) == 0 &&
            strcmp(one->slug, slug) == 0) {
            *count = one->count;
            return one->positions;
        }
    return NULL;
}

struct continuations *
continuations_new(void)
{
    struct continuations *continuations = mem_alloc(sizeof *continuations);

    TAILQ_INIT(&continuations->all);
    return continuations;
}

void
continuations_free(struct continuations *continuations)
{
    while (!TAILQ_EMPTY(&continuations->all))
        continuation_free(continuations, TAILQ_FIRST(&continuations->all));
    free(continuations);
}
