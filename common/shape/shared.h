/* What page recipes and API recipes have in common: shape.c and http.c include it, and no other
 * file. */
#ifndef COMMON_SHAPE_SHARED_H
#define COMMON_SHAPE_SHARED_H

#include "common/shape/shape.h"

#define SHAPE(table)                                                                               \
    {                                                                                              \
        table, sizeof(table) / sizeof *(table)                                                     \
    }

/* The sections of an order's way. */
#define ORDER_SECTIONS                                                                             \
    {.name = "lookup",                                                                             \
     .section = RECIPE_IN_LOOKUP,                                                                  \
     .kind = RECIPE_STEPS,                                                                         \
     .required = true,                                                                             \
     .minimum = 1},                                                                                \
        {.name = "create", .section = RECIPE_IN_CREATE, .kind = RECIPE_STEPS, .required = true},   \
        {.name = "commit",                                                                         \
         .section = RECIPE_IN_COMMIT,                                                              \
         .kind = RECIPE_STEPS,                                                                     \
         .required = true,                                                                         \
         .minimum = 1},                                                                            \
    {                                                                                              \
        .name = "verify", .section = RECIPE_IN_VERIFY, .kind = RECIPE_STEPS, .required = true,     \
        .minimum = 1                                                                               \
    }

/* How a text is compared. */
#define COMPARISONS                                                                                \
    {.name = "is", .kind = RECIPE_TEMPLATE, .way = true},                                          \
        {.name = "contains", .kind = RECIPE_TEMPLATE, .way = true},                                \
        {.name = "starts", .kind = RECIPE_TEMPLATE, .way = true},                                  \
    {                                                                                              \
        .name = "ends", .kind = RECIPE_TEMPLATE, .way = true                                       \
    }

static const char *const equal_as[] = {"text", "number", NULL};

/* --- steps --- */

static const struct recipe_member set_members[] = {
    {.name = "set", .kind = RECIPE_VALUES, .required = true, .about = "variables"},
};
static const struct recipe_member assert_members[] = {
    {.name = "assert",
     .kind = RECIPE_CONDITION,
     .required = true,
     .about = "ends the attempt unless the condition holds"},
    {.name = "code", .kind = RECIPE_REASON},
    {.name = "words", .kind = RECIPE_TEMPLATE},
};
static const struct recipe_member call_members[] = {
    {.name = "call", .kind = RECIPE_PIECE, .required = true, .about = "the steps of a piece"},
    {.name = "with", .kind = RECIPE_VALUES},
};
static const struct recipe_member found_step_members[] = {
    {.name = "found",
     .kind = RECIPE_FOUND,
     .required = true,
     .about = "the line was found: ends lookup or verify"},
};
static const char *const known_things[] = {"worksheet", "product", "amount", NULL};
static const struct recipe_member known_members[] = {
    {.name = "known",
     .kind = RECIPE_CHOICE,
     .required = true,
     .choices = known_things,
     .about = "the worksheet takes lines, the product is known, the amount would be accepted"},
    {.name = "title",
     .kind = RECIPE_TEMPLATE,
     .about = "customer or vehicle of the worksheet, name of the product, as the ERP shows it"},
    {.name = "unit", .kind = RECIPE_TEMPLATE, .about = "of the product"},
};
static const struct recipe_member fail_members[] = {
    {.name = "fail",
     .kind = RECIPE_REASON,
     .required = true,
     .about = "ends the attempt with a reason"},
    {.name = "words", .kind = RECIPE_TEMPLATE},
};

#endif
