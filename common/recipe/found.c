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

struct walk {
    struct recipe_checker *c; /* faults NULL: not reported */
    struct recipe_id id;
    json_t *done[2][2]; /* by what was known: piece → whether the id has been compared after it */
};

static bool walk_steps(struct walk *walk, const json_t *steps, struct known known);

static bool
walk_member(struct walk *walk, const json_t *step, const char *name, struct known known)
{
    size_t here = recipe_enter(walk->c, name);
    bool compared = walk_steps(walk, json_object_get(step, name), known);

    recipe_leave(walk->c, here);
    return compared;
}

static void
check_found(struct walk *walk, struct known known)
{
    if (!walk->c->faults || (known.compared && !known.one_of))
        return;
    if (known.one_of)
        recipe_fault(walk->c, "runs for one row of several, so a second line with this uniqueid "
                              "would go unnoticed: compare {order.uniqueid} in \"where\"");
    else
        recipe_fault(walk->c,
                     "runs without an exact comparison of {order.uniqueid}: compare it first, in a "
                     "\"where\", \"when\" or \"assert\", by \"is\", or by \"starts\", \"ends\" or "
                     "\"contains\" between punctuation, as in \"[{order.uniqueid}]\"");
}

/* --- steps: whether the id has been compared after one; true if no path continues after it ---
 *
 * A wait does not count: a text with the id that is waited for is usually the search's heading. */

static bool
walk_piece(struct walk *walk, const json_t *step, struct known known)
{
    const char *name = json_string_value(json_object_get(step, "call")) ?: "";
    const json_t *steps = json_object_get(json_object_get(walk->c->recipe, "pieces"), name);
    json_t *done = walk->done[known.compared][known.one_of], *before = json_object_get(done, name);
    char here[RECIPE_POINTER_BYTES];

    if (before)
        return json_is_true(before);
    json_object_set_new(done, name, json_true()); /* for one that calls itself */
    memcpy(here, walk->c->pointer, sizeof here);
    strcpy(walk->c->pointer, "/pieces");
    recipe_enter(walk->c, name);
    known.compared = walk_steps(walk, steps, known);
    memcpy(walk->c->pointer, here, sizeof here);
    json_object_set_new(done, name, json_boolean(known.compared));
    return known.compared;
}

static bool
compares(struct walk *walk, const json_t *condition)
{
    return recipe_id_condition(walk->c->recipe, condition, &walk->id);
}

static bool
walk_when(struct walk *walk, const json_t *step, struct known known)
{
    struct known then = known;
    bool behind;

    then.compared = compares(walk, json_object_get(step, "when")) || known.compared;
    behind = walk_member(walk, step, "then", then);
    return walk_member(walk, step, "else", known) && behind;
}

static bool
walk_each(struct walk *walk, const json_t *step, struct known known)
{
    struct known row = known;
    bool of_id = recipe_id_locator(json_object_get(step, "each"), &walk->id);

    of_id = compares(walk, json_object_get(step, "where")) || of_id;
    row.compared = known.compared || of_id;
    row.one_of = known.one_of || (!row.compared && json_is_false(json_object_get(step, "only")));
    row.compared = walk_member(walk, step, "do", row);
    if (json_object_get(step, "many"))
        walk_member(walk, step, "many", (struct known){.one_of = true});
    return (!json_object_get(step, "none") || walk_member(walk, step, "none", known)) &&
           row.compared;
}

/* An API's has steps. */
static bool
walk_wait(struct walk *walk, const json_t *step, struct known known)
{
    return walk_member(walk, step, "do", known);
}

static bool
walk_assert(struct walk *walk, const json_t *step, struct known known)
{
    return compares(walk, json_object_get(step, "assert")) || known.compared;
}

static bool
walk_found(struct walk *walk, const json_t *step, struct known known)
{
    size_t here = recipe_enter(walk->c, "found");

    (void)step;
    check_found(walk, known);
    recipe_leave(walk->c, here);
    return true;
}

static bool
walk_fail(struct walk *walk, const json_t *step, struct known known)
{
    (void)walk;
    (void)step;
    (void)known;
    return true;
}

static const struct {
    const char *verb;
    bool (*walk)(struct walk *walk, const json_t *step, struct known known);
} verbs[] = {{"found", walk_found}, {"fail", walk_fail}, {"call", walk_piece},
             {"when", walk_when},   {"each", walk_each}, {"assert", walk_assert},
             {"wait", walk_wait}};

static bool
walk_step(struct walk *walk, const json_t *step, struct known known)
{
    bool compared = known.compared;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (json_object_get(step, verbs[i].verb)) {
            compared = verbs[i].walk(walk, step, known);
            break;
        }
    return json_is_true(json_object_get(step, "optional")) ? known.compared : compared;
}

static bool
walk_steps(struct walk *walk, const json_t *steps, struct known known)
{
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        size_t here = recipe_enter_item(walk->c, i);

        known.compared = walk_step(walk, step, known);
        recipe_leave(walk->c, here);
    }
    return known.compared;
}

/* --- the whole recipe --- */

static struct recipe_id
walk_recipe(struct recipe_checker *c)
{
    struct walk walk = {.c = c};
    const struct known nothing = {.compared = false};

    for (int i = 0; i < 4; i++)
        walk.done[i / 2][i % 2] = json_object();
    walk_member(&walk, c->recipe, "lookup", nothing);
    walk_member(&walk, c->recipe, "verify", nothing);
    for (int i = 0; i < 4; i++)
        json_decref(walk.done[i / 2][i % 2]);
    return walk.id;
}

void
recipe_id_check(struct recipe_checker *c)
{
    walk_recipe(c);
}

struct recipe_id
recipe_id_of(const json_t *recipe)
{
    return walk_recipe(&(struct recipe_checker){.recipe = recipe});
}
