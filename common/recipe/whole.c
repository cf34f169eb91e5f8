/* Rules that span the whole recipe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/recipe/checker.h"
#include "common/recipe/id.h"

/* --- names --- */

static void
add_names_of(json_t *names, const json_t *values)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)values, name, value)
    {
        json_object_set_new(names, name, json_true());
    }
}

static void
add_session_names(json_t *names, const json_t *values)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)values, name, value)
    {
        char *full = mem_format("session.%s", name);

        json_object_set_new(names, full, json_true());
        free(full);
    }
}

static void
collect_names(json_t *names, const json_t *value)
{
    const char *name, *into = json_string_value(json_object_get(value, "into"));
    json_t *member;
    size_t i;

    if (into && !json_object_get(value, "type"))
        json_object_set_new(names, into, json_true());
    add_names_of(names, json_object_get(value, "set"));
    add_names_of(names, json_object_get(value, "with"));
    add_session_names(names, json_object_get(value, "keep"));
    add_session_names(names, json_object_get(value, "store"));
    if (json_object_get(value, "each"))
        json_object_set_new(names, json_string_value(json_object_get(value, "as")) ?: "row",
                            json_true());
    if (json_object_get(value, "$each"))
        json_object_set_new(names, "row", json_true());
    if (json_object_get(value, "pages"))
        json_object_update_new(names, json_pack("{s:b s:b}", "page", 1, "cursor", 1));
    json_object_foreach((json_t *)value, name, member)
    {
        collect_names(names, member);
    }
    json_array_foreach(value, i, member)
    {
        collect_names(names, member);
    }
}

json_t *
recipe_whole_names(const json_t *recipe)
{
    json_t *names = json_object();

    collect_names(names, recipe);
    return names;
}

/* --- reachable steps --- */

/* Visits steps and those inside them, then the pieces that they call, none of them twice. True as
 * soon as a step passes the test. */
struct search {
    const json_t *recipe;
    bool (*test)(const json_t *step, const struct search *search);
    bool in_row;     /* among the steps for each row */
    json_t *seen[2]; /* visited pieces, outside a row and in one */
    struct {
        const json_t *steps;
        bool in_row;
    } * pieces; /* still to be visited */
    size_t count;
};

/* Members that hold steps. */
static const char *const inside[] = {"then", "else", "do", "none", "many"};
#define INSIDE_COUNT (sizeof inside / sizeof *inside)

static bool search_steps(struct search *search, const json_t *steps);

static void
note_piece(struct search *search, const json_t *step)
{
    const char *name = json_string_value(json_object_get(step, "call"));
    const json_t *steps =
        name ? json_object_get(json_object_get(search->recipe, "pieces"), name) : NULL;
    json_t *seen = search->seen[search->in_row];

    if (!steps || json_object_get(seen, name))
        return;
    json_object_set_new(seen, name, json_true());
    search->pieces[search->count].steps = steps;
    search->pieces[search->count++].in_row = search->in_row;
}

static bool
search_inside(struct search *search, const json_t *step)
{
    bool in_row = search->in_row, found = false;

    for (size_t i = 0; i < INSIDE_COUNT && !found; i++) {
        search->in_row = in_row || strcmp(inside[i], "do") == 0;
        found = search_steps(search, json_object_get(step, inside[i]));
    }
    search->in_row = in_row;
    return found;
}

static bool
search_steps(struct search *search, const json_t *steps)
{
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        note_piece(search, step);
        if (search->test(step, search) || search_inside(search, step))
            return true;
    }
    return false;
}

static bool
search_all(struct search *search, const json_t *steps)
{
    size_t pieces = json_object_size(json_object_get(search->recipe, "pieces"));
    bool found;

    search->seen[false] = json_object();
    search->seen[true] = json_object();
    search->pieces = mem_alloc((2 * pieces + 1) * sizeof *search->pieces);
    found = search_steps(search, steps);
    for (size_t i = 0; i < search->count && !found; i++) {
        search->in_row = search->pieces[i].in_row;
        found = search_steps(search, search->pieces[i].steps);
    }
    free(search->pieces);
    json_decref(search->seen[false]);
    json_decref(search->seen[true]);
    return found;
}

static bool
leads_to(const json_t *recipe, const char *section,
         bool (*test)(const json_t *step, const struct search *search))
{
    return search_all(&(struct search){.recipe = recipe, .test = test},
                      json_object_get(recipe, section));
}

static bool
is_found(const json_t *step, const struct search *search)
{
    (void)search;
    return json_object_get(step, "found") != NULL;
}

static bool
is_act(const json_t *step, const struct search *search)
{
    const struct recipe_verb_row *row = recipe_verb_find(recipe_is_http(search->recipe), step);

    return row && row->acts;
}

/* Whether a template occurs in it, except in nested steps. */
static bool
says(const json_t *value, const char *template)
{
    json_t *own = json_copy((json_t *)value);
    char *text;
    bool yes;

    for (size_t i = 0; i < INSIDE_COUNT; i++)
        json_object_del(own, inside[i]);
    text = json_dumps(own, JSON_COMPACT);
    yes = text && strstr(text, template);
    free(text);
    json_decref(own);
    return yes;
}

static bool
says_uniqueid(const json_t *step, const struct search *search)
{
    (void)search;
    return says(step, "{order.uniqueid");
}

/* It may then be written under another name. */
static bool
sets_to_uniqueid(const json_t *step, const struct search *search)
{
    const json_t *set = json_object_get(step, "set");

    return set && says_uniqueid(set, search);
}

static bool
only_sets(const json_t *steps)
{
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        if (!json_object_get(step, "set"))
            return false;
    }
    return true;
}

/* What is only computed for a row that has been found excludes no other row. */
static bool
is_bound_to_worksheet(const json_t *step, const struct search *search)
{
    bool describes = json_object_get(step, "script") || json_object_get(step, "set") ||
                     json_object_get(step, "found") ||
                     (json_object_get(step, "when") && only_sets(json_object_get(step, "then")) &&
                      only_sets(json_object_get(step, "else")));

    return !(search->in_row && describes) && says(step, "{order.worksheet");
}

static bool
is_store(const json_t *step, const struct search *search)
{
    (void)search;
    return json_object_get(step, "store") != NULL;
}

bool
recipe_stores(const json_t *recipe)
{
    return leads_to(recipe, "login", is_store);
}

bool
recipe_looks_in_worksheet(const json_t *recipe)
{
    return leads_to(recipe, "lookup", is_bound_to_worksheet);
}

bool
recipe_each_is_of_id(const json_t *recipe, const json_t *each)
{
    struct search search = {.recipe = recipe, .test = is_found};
    struct recipe_id id = {.in_text = false};

    return recipe_id_locator(json_object_get(each, "each"), &id) ||
           recipe_id_condition(recipe, json_object_get(each, "where"), &id) ||
           (!json_is_false(json_object_get(each, "only")) &&
            search_all(&search, json_object_get(each, "do")));
}

/* --- the rules --- */

static void
fault_at(struct recipe_checker *c, const char *pointer, const char *text)
{
    json_fault_add(c->faults, c->file, pointer, "%s", text);
}

static void
check_purpose(struct recipe_checker *c, const char *section,
              bool (*test)(const json_t *step, const struct search *search), const char *fault)
{
    const json_t *steps = json_object_get(c->recipe, section);
    char pointer[16] = "";

    json_pointer_add(pointer, sizeof pointer, section);
    if (json_is_array(steps) && !leads_to(c->recipe, section, test))
        fault_at(c, pointer, fault);
}

/* Without the uniqueid in it, a line could not be told from another one with the same product. */
static void
check_uniqueid(struct recipe_checker *c)
{
    if (!leads_to(c->recipe, "create", says_uniqueid) &&
        !leads_to(c->recipe, "commit", says_uniqueid) &&
        !leads_to(c->recipe, "lookup", sets_to_uniqueid))
        fault_at(c, "/create",
                 "no step writes {order.uniqueid}: the line could not be found again");
}

/* A page left at once, for verify, may still be loading. A dialog that is answered belongs to the
 * ERP. */
static void
check_confirmation(struct recipe_checker *c)
{
    const json_t *steps = json_object_get(c->recipe, "commit");
    size_t count = json_array_size(steps);
    const json_t *last = count ? json_array_get(steps, count - 1) : NULL;
    const struct search search = {.recipe = c->recipe};
    char pointer[RECIPE_POINTER_BYTES] = "/commit", location[24];

    if (!last || c->http || !is_act(last, &search) || json_object_get(last, "dialog"))
        return;
    snprintf(location, sizeof location, "%zu", count - 1);
    json_pointer_add(pointer, sizeof pointer, location);
    fault_at(c, pointer,
             "must not be the last step: wait until the ERP confirms that it has stored the line");
}

void
recipe_whole_check(struct recipe_checker *c)
{
    recipe_check_circles(c);
    check_purpose(c, "lookup", is_found, "has no \"found\" step: no line would ever be recognised");
    check_purpose(c, "verify", is_found, "has no \"found\" step: nothing would be compared");
    check_purpose(c, "commit", is_act, "has no step that could store the line");
    check_uniqueid(c);
    check_confirmation(c);
}
