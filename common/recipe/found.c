/* Checks the paths through a recipe that end with `found`: on each, the uniqueid must have been
 * compared exactly. Otherwise an order could take another order's line for its own. */
#include <string.h>

#include "common/recipe/checker.h"
#include "common/recipe/id.h"

/* What is known at a step. */
struct known {
    bool compared; /* what the page shows is only about our id */
    bool one_of;   /* in one of several rows, where another may have our id as well */
};

struct paths {
    struct recipe_checker *c; /* faults NULL: not reported */
    struct recipe_id id;
    json_t *done[2][2]; /* by what was known: piece → whether the id has been compared after it */
};

static bool follow_steps(struct paths *paths, const json_t *steps, struct known known);

static bool
follow_member(struct paths *paths, const json_t *step, const char *name, struct known known)
{
    size_t here = recipe_enter(paths->c, name);
    bool compared = follow_steps(paths, json_object_get(step, name), known);

    recipe_leave(paths->c, here);
    return compared;
}

static void
check_found(struct paths *paths, struct known known)
{
    if (!paths->c->faults || (known.compared && !known.one_of))
        return;
    if (known.one_of)
        recipe_fault(paths->c, "runs for one row of several, so a second line with this uniqueid "
                               "would go unnoticed: compare {order.uniqueid} in \"where\"");
    else
        recipe_fault(paths->c,
                     "runs without an exact comparison of {order.uniqueid}: compare it first, in a "
                     "\"where\", \"when\" or \"assert\", by \"is\", or by \"starts\", \"ends\" or "
                     "\"contains\" between punctuation, as in \"[{order.uniqueid}]\"");
}

/* --- steps: whether the id has been compared after one; true if no path continues after it ---
 *
 * A wait does not count: a text with the id that is waited for is usually the search's heading. */

static bool
follow_piece(struct paths *paths, const json_t *step, struct known known)
{
    const char *name = json_string_value(json_object_get(step, "call")) ?: "";
    const json_t *steps = json_object_get(json_object_get(paths->c->recipe, "pieces"), name);
    json_t *done = paths->done[known.compared][known.one_of], *before = json_object_get(done, name);
    char here[RECIPE_POINTER_BYTES];

    if (before)
        return json_is_true(before);
    json_object_set_new(done, name, json_true()); /* for one that calls itself */
    memcpy(here, paths->c->pointer, sizeof here);
    strcpy(paths->c->pointer, "/pieces");
    recipe_enter(paths->c, name);
    known.compared = follow_steps(paths, steps, known);
    memcpy(paths->c->pointer, here, sizeof here);
    json_object_set_new(done, name, json_boolean(known.compared));
    return known.compared;
}

static bool
compares(struct paths *paths, const json_t *condition)
{
    return recipe_id_condition(paths->c->recipe, condition, &paths->id);
}

static bool
follow_when(struct paths *paths, const json_t *step, struct known known)
{
    struct known then = known;
    bool behind;

    then.compared = compares(paths, json_object_get(step, "when")) || known.compared;
    behind = follow_member(paths, step, "then", then);
    return follow_member(paths, step, "else", known) && behind;
}

static bool
follow_each(struct paths *paths, const json_t *step, struct known known)
{
    struct known row = known;
    bool of_id = recipe_id_locator(json_object_get(step, "each"), &paths->id);

    of_id = compares(paths, json_object_get(step, "where")) || of_id;
    row.compared = known.compared || of_id;
    row.one_of = known.one_of || (!row.compared && json_is_false(json_object_get(step, "only")));
    row.compared = follow_member(paths, step, "do", row);
    if (json_object_get(step, "many"))
        follow_member(paths, step, "many", (struct known){.one_of = true});
    return (!json_object_get(step, "none") || follow_member(paths, step, "none", known)) &&
           row.compared;
}

/* An API's has steps. */
static bool
follow_wait(struct paths *paths, const json_t *step, struct known known)
{
    return follow_member(paths, step, "do", known);
}

static bool
follow_assert(struct paths *paths, const json_t *step, struct known known)
{
    return compares(paths, json_object_get(step, "assert")) || known.compared;
}

static bool
follow_found(struct paths *paths, const json_t *step, struct known known)
{
    size_t here = recipe_enter(paths->c, "found");

    (void)step;
    check_found(paths, known);
    recipe_leave(paths->c, here);
    return true;
}

static bool
follow_fail(struct paths *paths, const json_t *step, struct known known)
{
    (void)paths;
    (void)step;
    (void)known;
    return true;
}

static const struct {
    const char *verb;
    bool (*follow)(struct paths *paths, const json_t *step, struct known known);
} verbs[] = {{"found", follow_found}, {"fail", follow_fail}, {"call", follow_piece},
             {"when", follow_when},   {"each", follow_each}, {"assert", follow_assert},
             {"wait", follow_wait}};

static bool
follow_step(struct paths *paths, const json_t *step, struct known known)
{
    bool compared = known.compared;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (json_object_get(step, verbs[i].verb)) {
            compared = verbs[i].follow(paths, step, known);
            break;
        }
    return json_is_true(json_object_get(step, "optional")) ? known.compared : compared;
}

static bool
follow_steps(struct paths *paths, const json_t *steps, struct known known)
{
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        size_t here = recipe_enter_item(paths->c, i);

        known.compared = follow_step(paths, step, known);
        recipe_leave(paths->c, here);
    }
    return known.compared;
}

/* --- the whole recipe --- */

static struct recipe_id
follow_recipe(struct recipe_checker *c)
{
    struct paths paths = {.c = c};
    const struct known nothing = {.compared = false};

    for (int i = 0; i < 4; i++)
        paths.done[i / 2][i % 2] = json_object();
    follow_member(&paths, c->recipe, "lookup", nothing);
    follow_member(&paths, c->recipe, "verify", nothing);
    for (int i = 0; i < 4; i++)
        json_decref(paths.done[i / 2][i % 2]);
    return paths.id;
}

void
recipe_id_check(struct recipe_checker *c)
{
    follow_recipe(c);
}

struct recipe_id
recipe_id_of(const json_t *recipe)
{
    return follow_recipe(&(struct recipe_checker){.recipe = recipe});
}
