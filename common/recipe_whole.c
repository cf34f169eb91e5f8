/* What only the whole recipe shows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/recipe_checker.h"

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
collect_names(json_t *names, const json_t *value)
{
    const char *name, *into = json_string_value(json_object_get(value, "into"));
    json_t *member;
    size_t i;

    if (into && !json_object_get(value, "type"))
        json_object_set_new(names, into, json_true());
    add_names_of(names, json_object_get(value, "set"));
    add_names_of(names, json_object_get(value, "with"));
    if (json_object_get(value, "each"))
        json_object_set_new(names, "row", json_true());
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

/* --- what steps lead to --- */

/* Goes through steps and those inside them, also those of pieces; not twice into a piece. True as
 * soon as a step passes the test. */
struct search {
    const json_t *recipe;
    bool (*test)(const json_t *step, const void *arg);
    const void *arg;
    json_t *seen; /* pieces */
};

static bool search_steps(struct search *search, const json_t *steps);

static bool
search_piece(struct search *search, const json_t *step)
{
    const char *name = json_string_value(json_object_get(step, "call"));
    const json_t *steps =
        name ? json_object_get(json_object_get(search->recipe, "pieces"), name) : NULL;

    if (!steps || json_object_get(search->seen, name))
        return false;
    json_object_set_new(search->seen, name, json_true());
    return search_steps(search, steps);
}

static bool
search_steps(struct search *search, const json_t *steps)
{
    static const char *const inside[] = {"then", "else", "do", "none"};
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        if (search->test(step, search->arg) || search_piece(search, step))
            return true;
        for (size_t j = 0; j < sizeof inside / sizeof *inside; j++)
            if (search_steps(search, json_object_get(step, inside[j])))
                return true;
    }
    return false;
}

static bool
leads_to(const json_t *recipe, const json_t *steps,
         bool (*test)(const json_t *step, const void *arg), const void *arg)
{
    struct search search = {recipe, test, arg, json_object()};
    bool found = search_steps(&search, steps);

    json_decref(search.seen);
    return found;
}

static bool
is_found(const json_t *step, const void *arg)
{
    (void)arg;
    return json_object_get(step, "found") != NULL;
}

static bool
is_act(const json_t *step, const void *arg)
{
    const struct recipe_verb_row *row = recipe_verb_find(step);

    (void)arg;
    return row && row->acts;
}

/* Whether our id is written down here; under another name, where anything is set to it. */
static bool
says_uniqueid(const json_t *step, const void *arg)
{
    char *text = json_dumps(step, JSON_COMPACT);
    bool says = text && strstr(text, "{order.uniqueid") != NULL;

    (void)arg;
    free(text);
    return says;
}

static bool
renames_uniqueid(const json_t *step, const void *arg)
{
    const json_t *set = json_object_get(step, "set");

    return set && says_uniqueid(set, arg);
}

static bool
is_call_of(const json_t *step, const void *arg)
{
    const char *name = json_string_value(json_object_get(step, "call"));

    return name && strcmp(name, arg) == 0;
}

/* --- the rules --- */

static void
fault_at(struct recipe_checker *c, const char *pointer, const char *text)
{
    config_fault_add(c->faults, c->file, pointer, "%s", text);
}

static void
check_circles(struct recipe_checker *c)
{
    const char *name;
    json_t *steps;

    json_object_foreach(json_object_get(c->recipe, "pieces"), name, steps)
    {
        char pointer[RECIPE_POINTER_BYTES] = "/pieces";

        config_pointer_add(pointer, sizeof pointer, name);
        if (leads_to(c->recipe, steps, is_call_of, name))
            fault_at(c, pointer, "calls itself, directly or through another piece");
    }
}

static void
check_purpose(struct recipe_checker *c, const char *section,
              bool (*test)(const json_t *step, const void *arg), const char *fault)
{
    const json_t *steps = json_object_get(c->recipe, section);
    char pointer[16] = "";

    config_pointer_add(pointer, sizeof pointer, section);
    if (json_is_array(steps) && !leads_to(c->recipe, steps, test, NULL))
        fault_at(c, pointer, fault);
}

/* Without our id in it, a line could not be told from another of the same product. */
static void
check_uniqueid(struct recipe_checker *c)
{
    const json_t *recipe = c->recipe, *create = json_object_get(recipe, "create");

    if (!leads_to(recipe, create, says_uniqueid, NULL) &&
        !leads_to(recipe, json_object_get(recipe, "commit"), says_uniqueid, NULL) &&
        !leads_to(recipe, json_object_get(recipe, "lookup"), renames_uniqueid, NULL))
        fault_at(c, "/create",
                 "nothing writes {order.uniqueid}: the line could not be found "
                 "again");
}

/* What is left at once, for verify, may be cut short. A dialog that is answered is the ERP's. */
static void
check_confirmation(struct recipe_checker *c)
{
    const json_t *steps = json_object_get(c->recipe, "commit");
    size_t count = json_array_size(steps);
    const json_t *last = count ? json_array_get(steps, count - 1) : NULL;
    char pointer[RECIPE_POINTER_BYTES] = "/commit", place[24];

    if (!last || !recipe_verb_find(last) || !is_act(last, NULL) || json_object_get(last, "dialog"))
        return;
    snprintf(place, sizeof place, "%zu", count - 1);
    config_pointer_add(pointer, sizeof pointer, place);
    fault_at(c, pointer,
             "is the last: wait here until the ERP has confirmed that the line is stored");
}

void
recipe_whole_check(struct recipe_checker *c)
{
    check_circles(c);
    check_purpose(c, "lookup", is_found, "has no found: no line would ever be recognised");
    check_purpose(c, "verify", is_found, "has no found: nothing would be compared");
    check_purpose(c, "commit", is_act, "does nothing that could store the line");
    check_uniqueid(c);
    check_confirmation(c);
}
