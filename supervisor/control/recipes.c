/* Recipes: which there are, whether one is sound, and a dry run of a workshop's. A recipe is named,
 * never given as a path: callers of the control socket may use what root has put into its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/config/config.h"
#include "common/recipe/recipe.h"
#include "supervisor/across/trials.h"
#include "supervisor/control/internal.h"
#include "supervisor/daemon/children.h"
#include "supervisor/daemon/registry.h"

/* --- the list, and the check --- */

static json_t *
users_of(const struct daemon *daemon, const char *recipe)
{
    json_t *slugs = json_array();

    for (size_t i = 0; i < daemon->child_count; i++) {
        const struct workshop_config *workshop = daemon->children[i]->workshop;
        const char *used = config_erp_recipe_name(json_object_get(workshop->document, "erp"));

        if (used && strcmp(used, recipe) == 0)
            json_array_append_new(slugs, json_string(workshop->slug));
    }
    return slugs;
}

static bool
is_shipped(const struct daemon *daemon, const char *path)
{
    const char *own = daemon->config->recipes_dir;

    return strncmp(path, own, strlen(own)) != 0 || path[strlen(own)] != '/';
}

static json_t *
row(const struct daemon *daemon, const char *name, const char *path)
{
    return json_pack("{s:s s:s s:b s:o}", "recipe", name, "file", path, "shipped",
                     is_shipped(daemon, path), "workshops", users_of(daemon, name));
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
recipes_get(struct call *call, void *context)
{
    const struct daemon *daemon = ((const struct control *)context)->daemon;
    json_t *files = recipe_list(daemon->config->recipes_dir), *list = json_array(), *path;
    const char **names = mem_alloc((json_object_size(files) + 1) * sizeof *names), *name;
    size_t count = 0;

    json_object_foreach(files, name, path)
    {
        names[count++] = name;
    }
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, row(daemon, names[i], json_string_value(json_object_get(files, names[i]))));
    free(names);
    json_decref(files);
    call_reply(call, 200, json_pack("{s:o}", "recipes", list));
}

void
recipes_check(struct call *call, void *context)
{
    const struct daemon *daemon = ((const struct control *)context)->daemon;
    const char *name = call->params[0];
    char *path = *name == '/' ? NULL : recipe_find(daemon->config->recipes_dir, name);
    json_t *reply, *report;

    if (!path) {
        call_problem(call, 404, "unknown_recipe", NULL, "no such recipe: \"%s\"", name);
        return;
    }
    reply = row(daemon, name, path);
    report = recipe_report(path);
    json_object_update(reply, report);
    json_decref(report);
    free(path);
    call_reply(call, 200, reply);
}

/* --- a dry run --- */

/* As that of an order that pumplinectl places: every recipe can tell it from others. */
static json_t *
new_uniqueid(void)
{
    unsigned char random[16];
    char id[2 * sizeof random + 1];

    secret_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(id + 2 * i, 3, "%02x", random[i]);
    return json_sprintf("dry-%s", id);
}

/* The order in the body, with a uniqueid of its own; false: replied to. */
static bool
read_order(struct call *call, const struct workshop_config *workshop, struct order *order)
{
    static const char *const members[] = {"worksheet", "product_nr", "product_amount"};
    struct order_faults faults = {.code = ""};
    struct credentials none = {NULL, NULL};
    json_t *given = call_object(call), *whole;
    char *text;
    int result;

    if (!given)
        return false;
    whole = json_deep_copy(given);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_object_del(given, members[i]);
    json_object_set_new(whole, "uniqueid", new_uniqueid());
    json_object_set_new(whole, "workshop", json_string(workshop->name));
    text = json_dumps(whole, JSON_REAL_PRECISION(15));
    result =
        text ? order_parse(text, strlen(text), workshop->name, false, order, &none, &faults) : -1;
    if (json_object_size(given)) {
        const char *unknown = json_object_iter_key(json_object_iter(given));

        call_problem(call, 400, "invalid_fields", json_pack("[s]", unknown), "unknown: %s",
                     unknown);
        result = -1;
    } else if (result) {
        call_problem(call, 400, faults.code, json_incref(faults.fields), "%s", faults.detail);
    }
    credentials_clear(&none);
    order_faults_clear(&faults);
    json_decref(whole);
    json_decref(given);
    free(text);
    return result == 0;
}

/* What delivery would give to the driver; NULL: refused before the ERP is asked, and replied to. */
static json_t *
mapped_order(struct call *call, const struct workshop_config *workshop, const struct order *order)
{
    struct order_mapped mapped;
    struct err refusal;

    if (rules_map(&workshop->rules, order->product_nr, order->product_amount, false, &mapped,
                  &refusal) == 0)
        return json_pack("{s:s s:s s:s s:s}", "uniqueid", order->uniqueid, "worksheet",
                         order->worksheet, "product_nr", mapped.product, "product_amount",
                         mapped.amount);
    call_reply(call, 200,
               json_pack("{s:b s:s s:[{s:s s:b s:i s:s s:s}]}", "ok", 0, "end", "failed", "steps",
                         "what", "products", "ok", 0, "ms", 0, "reason_code", refusal.code, "text",
                         refusal.text));
    return NULL;
}

/* With the recipe as it is in its file now. False: replied to. */
static bool
can_dry_run(struct call *call, const struct workshop_config *workshop)
{
    if (!workshop->recipe)
        call_problem(call, 409, "no_recipe", NULL, "this workshop's ERP does not use a recipe");
    else if (recipe_stores(workshop->recipe))
        call_problem(call, 409, "token_stored", NULL,
                     "the recipe stores a token, which only the worker keeps: a dry run would use "
                     "it up. Use pumplinectl recipe run with other credentials");
    else
        return true;
    return false;
}

void
workshops_dry_run(struct call *call, void *context)
{
    struct control *control = context;
    const struct daemon *daemon = control->daemon;
    struct child *child = control_accepts(control, call) ? control_find(control, call) : NULL;
    struct json_faults faults = {0};
    struct workshop_config *workshop;
    struct order order = {.uniqueid = ""};
    json_t *mapped = NULL;

    if (!child || !control_sound(child, call) || !read_order(call, child->workshop, &order))
        return;
    workshop = registry_propose(daemon->config, &daemon->keys, child->workshop->slug,
                                child->workshop->document, NULL, &faults);
    if (!workshop)
        control_refuse_faults(call, &faults);
    else if (can_dry_run(call, workshop))
        mapped = mapped_order(call, workshop, &order);
    json_faults_clear(&faults);
    if (mapped)
        trials_begin(control->trials, workshop, mapped, call);
    else
        workshop_config_free(workshop);
}
