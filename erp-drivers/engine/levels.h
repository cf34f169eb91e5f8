/* Where a recipe is among its steps: lists of steps, an inner one on top of its outer one. */
#ifndef ERP_DRIVERS_ENGINE_LEVELS_H
#define ERP_DRIVERS_ENGINE_LEVELS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct level {
    const json_t *steps;
    size_t index;       /* of the next or current step */
    const char *word;   /* "then", a piece's name, …: for reasons */
    bool piece;         /* it is one */
    const json_t *loop; /* the step that goes through rows, or that waits; NULL: none */
    json_t *rows;       /* owned */
    size_t row;         /* index among them */
    char *element;      /* of a page: the row; NULL: to be looked up again; owned */
    int64_t until_ms;   /* of a wait */
};

struct levels {
    struct level *list; /* the innermost is the last */
    size_t count;
};

/* The new level, valid until the next push. steps and word are borrowed. */
struct level *levels_push(struct levels *levels, const json_t *steps, const char *word, bool piece);

void levels_clear(struct levels *levels);

/* The innermost one; NULL: there is none. */
struct level *levels_top(const struct levels *levels);

/* Its step that is due; NULL: it is through, or there is none. */
const json_t *levels_step(const struct levels *levels);

/* A step is done, or has pushed steps of its own: these come first. */
void levels_step_done(struct levels *levels, const json_t *step);

/* A level that is through begins again with its next row, which is returned; NULL: there is none.
 */
const json_t *levels_next_row(struct level *level);

/* Leaves the innermost level, together with the step that has pushed it. */
void levels_leave(struct levels *levels);

/* "create/3/then/0"; without any level, the section's name. Returns the length that it would have.
 */
size_t levels_label(const struct levels *levels, const char *section, char *text, size_t size);

#endif
