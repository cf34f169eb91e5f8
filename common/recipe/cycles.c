/* Pieces that call each other in a circle: their strongly connected components, in one pass over
 * the calls (Tarjan, "Depth-first search and linear graph algorithms", 1972). */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/recipe/checker.h"

struct piece {
    const char *name;
    size_t *calls; /* indexes of pieces; a growing list */
    size_t count, capacity;
    size_t order, low; /* order of discovery, from 1; the lowest one that leads back here */
    bool open;         /* on the stack: its component is not complete */
    bool circular;
};

struct circles {
    json_t *indexes; /* of pieces, by name */
    struct piece *pieces;
    size_t count;
    size_t *stack, height, visited;
};

/* --- the calls --- */

static void
add_call(struct circles *c, struct piece *from, const char *name)
{
    const json_t *location = name ? json_object_get(c->indexes, name) : NULL;

    if (!location)
        return;
    if (from->count == from->capacity) {
        from->capacity = from->capacity ? 2 * from->capacity : 4;
        from->calls = mem_resize(from->calls, from->capacity * sizeof *from->calls);
    }
    from->calls[from->count++] = (size_t)json_integer_value(location);
}

/* Wherever a call occurs: only a step has the member `call`. */
static void
add_calls(struct circles *c, struct piece *from, const json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;

    add_call(c, from, json_string_value(json_object_get(value, "call")));
    json_object_foreach((json_t *)value, name, member)
    {
        add_calls(c, from, member);
    }
    json_array_foreach(value, i, member)
    {
        add_calls(c, from, member);
    }
}

static void
load(struct circles *c, const json_t *pieces)
{
    const char *name;
    json_t *steps;

    *c = (struct circles){.indexes = json_object()};
    c->pieces = mem_alloc((json_object_size(pieces) + 1) * sizeof *c->pieces);
    c->stack = mem_alloc((json_object_size(pieces) + 1) * sizeof *c->stack);
    json_object_foreach((json_t *)pieces, name, steps)
    {
        c->pieces[c->count].name = name;
        json_object_set_new(c->indexes, name, json_integer((json_int_t)c->count++));
    }
    for (size_t i = 0; i < c->count; i++)
        add_calls(c, &c->pieces[i], json_object_get(pieces, c->pieces[i].name));
}

static void
clear(struct circles *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->pieces[i].calls);
    free(c->pieces);
    free(c->stack);
    json_decref(c->indexes);
}

/* --- circles --- */

static void
take_component(struct circles *c, size_t at)
{
    bool several = c->stack[c->height - 1] != at;
    size_t last;

    do {
        last = c->stack[--c->height];
        c->pieces[last].open = false;
        c->pieces[last].circular |= several;
    } while (last != at);
}

/* At most as deep as there are pieces: RECIPE_PIECES_MAX. */
static void
visit(struct circles *c, size_t at)
{
    struct piece *piece = &c->pieces[at];

    piece->order = piece->low = ++c->visited;
    piece->open = true;
    c->stack[c->height++] = at;
    for (size_t i = 0; i < piece->count; i++) {
        struct piece *called = &c->pieces[piece->calls[i]];

        piece->circular |= called == piece;
        if (!called->order)
            visit(c, piece->calls[i]);
        if (called->open && called->low < piece->low)
            piece->low = called->low;
    }
    if (piece->low == piece->order)
        take_component(c, at);
}

void
recipe_check_circles(struct recipe_checker *checker)
{
    struct circles c;

    load(&c, json_object_get(checker->recipe, "pieces"));
    for (size_t i = 0; i < c.count; i++)
        if (!c.pieces[i].order)
            visit(&c, i);
    for (size_t i = 0; i < c.count; i++) {
        char pointer[RECIPE_POINTER_BYTES] = "/pieces";

        json_pointer_add(pointer, sizeof pointer, c.pieces[i].name);
        if (c.pieces[i].circular)
            json_fault_add(checker->faults, checker->file, pointer,
                           "calls itself, directly or through another piece");
    }
    clear(&c);
}
