/* A stack of lists of steps. */
#include "erp-drivers/engine/levels.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/err.h"

struct level *
levels_push(struct levels *levels, const json_t *steps, const char *word, bool piece)
{
    struct level *level;

    levels->list = mem_resize(levels->list, (levels->count + 1) * sizeof *levels->list);
    level = &levels->list[levels->count++];
    *level = (struct level){.steps = steps, .word = word, .piece = piece};
    return level;
}

static void
pop(struct levels *levels)
{
    struct level *level = &levels->list[--levels->count];

    json_decref(level->rows);
    free(level->element);
}

void
levels_clear(struct levels *levels)
{
    while (levels->count)
        pop(levels);
    free(levels->list);
    levels->list = NULL;
}

struct level *
levels_top(const struct levels *levels)
{
    return levels->count ? &levels->list[levels->count - 1] : NULL;
}

const json_t *
levels_step(const struct levels *levels)
{
    const struct level *level = levels_top(levels);

    return level ? json_array_get(level->steps, level->index) : NULL;
}

void
levels_step_done(struct levels *levels, const json_t *step)
{
    struct level *top = levels_top(levels);

    if (top && step && json_array_get(top->steps, top->index) == step)
        top->index++;
}

const json_t *
levels_next_row(struct level *level)
{
    if (level->row + 1 >= json_array_size(level->rows))
        return NULL;
    level->row++;
    level->index = 0;
    free(level->element);
    level->element = NULL;
    return json_array_get(level->rows, level->row);
}

void
levels_leave(struct levels *levels)
{
    struct level *outer;

    pop(levels);
    outer = levels_top(levels);
    if (outer)
        outer->index++;
}

size_t
levels_label(const struct levels *levels, const char *section, char *text, size_t size)
{
    size_t used = 0;

    *text = '\0';
    for (size_t i = 0; i < levels->count && used < size; i++) {
        const struct level *level = &levels->list[i];
        const char *glue = !used ? "" : level->piece ? " > " : "/";

        used +=
            (size_t)snprintf(text + used, size - used, "%s%s/%zu", glue, level->word, level->index);
    }
    return levels->count ? used : (size_t)snprintf(text, size, "%s", section);
}
