/* The position of a check, its faults, and an object's members by their table. */
#include "common/recipe/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json/similar.h"
#include "common/template/template.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

void
recipe_fault(struct recipe_checker *c, const char *format, ...)
{
    char text[320];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_fault_add(c->faults, c->file, c->pointer, "%s", text);
}

bool
recipe_name_valid(const char *name)
{
    size_t length = strlen(name);

    return length && length <= TEMPLATE_NAME_MAX && !(*name >= '0' && *name <= '9') &&
           !name[strspn(name, NAME_CHARACTERS)];
}

size_t
recipe_enter(struct recipe_checker *c, const char *name)
{
    size_t here = strlen(c->pointer);

    json_pointer_add(c->pointer, sizeof c->pointer, name);
    return here;
}

size_t
recipe_enter_item(struct recipe_checker *c, size_t i)
{
    char index[24];

    snprintf(index, sizeof index, "%zu", i);
    return recipe_enter(c, index);
}

void
recipe_leave(struct recipe_checker *c, size_t here)
{
    c->pointer[here] = '\0';
}

/* --- values --- */

static void
check_value(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    c->checks[m->kind](c, m, value);
}

/* A member of a kind, without limits. */
void
recipe_check_kind(struct recipe_checker *c, enum recipe_kind kind, const json_t *value)
{
    const struct recipe_member member = {.name = "", .kind = kind};

    check_value(c, &member, value);
}

/* --- objects --- */

static void
check_members(struct recipe_checker *c, const json_t *object, const struct recipe_shape *shape,
              int *ways)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct recipe_member *m = &shape->members[i];
        const json_t *value = json_object_get(object, m->name);
        size_t here = recipe_enter(c, m->name);

        if (m->section)
            c->section = m->section;
        *ways += value && m->way;
        if (value)
            check_value(c, m, value);
        else if (m->required)
            recipe_fault(c, "is missing");
        recipe_leave(c, here);
        if (value && m->beside && !json_object_get(object, m->beside))
            recipe_fault(c, "\"%s\" requires \"%s\"", m->name, m->beside);
    }
}

static bool
shape_has(const struct recipe_shape *shape, const char *name, bool *ways)
{
    bool has = false;

    for (size_t i = 0; shape && i < shape->count; i++) {
        *ways = *ways || shape->members[i].way;
        has = has || strcmp(shape->members[i].name, name) == 0;
    }
    return has;
}

static void
try_all(struct similar *similar, const struct recipe_shape *shape)
{
    for (size_t i = 0; shape && i < shape->count; i++)
        similar_try(similar, shape->members[i].name);
}

static bool
is_verb(const struct recipe_checker *c, const char *name)
{
    const struct recipe_verb_row *row;

    for (size_t i = 0; (row = recipe_verb_row(c->http, i)); i++)
        if (strcmp(row->shape.members->name, name) == 0)
            return true;
    return false;
}

static void
unknown_member(struct recipe_checker *c, const char *name, const struct recipe_shape *shape,
               const struct recipe_shape *more)
{
    struct similar similar = {.word = name};

    try_all(&similar, shape);
    try_all(&similar, more);
    if (more == recipe_shape(RECIPE_OBJECT_STEP) && is_verb(c, name))
        recipe_fault(c, "a step has exactly one verb: %s or %s", shape->members->name, name);
    else if (similar.best)
        recipe_fault(c, "unknown member: did you mean \"%s\"?", similar.best);
    else
        recipe_fault(c, "unknown member");
}

static void
check_ways(struct recipe_checker *c, const struct recipe_shape *shape, int ways)
{
    char words[160] = "";
    size_t used = 0;

    if (ways == 1)
        return;
    for (size_t i = 0; i < shape->count; i++)
        if (shape->members[i].way)
            used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", used ? ", " : "",
                                     shape->members[i].name);
    recipe_fault(c, "must have exactly one of %s", words);
}

void
recipe_check_object(struct recipe_checker *c, const json_t *object,
                    const struct recipe_shape *shape, const struct recipe_shape *more)
{
    bool has_ways = false;
    const char *name;
    json_t *value;
    int ways = 0;

    json_object_foreach((json_t *)object, name, value)
    {
        size_t here = recipe_enter(c, name);

        if (!shape_has(shape, name, &has_ways) && !shape_has(more, name, &has_ways))
            unknown_member(c, name, shape, more);
        recipe_leave(c, here);
    }
    shape_has(shape, "", &has_ways);
    check_members(c, object, shape, &ways);
    if (more)
        check_members(c, object, more, &ways);
    if (has_ways)
        check_ways(c, shape, ways);
}

void
recipe_check_shaped(struct recipe_checker *c, const json_t *value, enum recipe_object object)
{
    if (json_is_object(value))
        recipe_check_object(c, value, recipe_shape(object), NULL);
    else
        recipe_fault(c, "must be an object");
}

void
recipe_check_list(struct recipe_checker *c, const json_t *value, enum recipe_kind kind,
                  size_t minimum)
{
    const json_t *element;
    size_t i;

    if (!json_is_array(value) || json_array_size(value) < minimum)
        recipe_fault(c, minimum ? "must be a list with at least one element" : "must be a list");
    json_array_foreach(value, i, element)
    {
        size_t here = recipe_enter_item(c, i);

        recipe_check_kind(c, kind, element);
        recipe_leave(c, here);
    }
}
