/* One place for what the steps of all recipes have in common. */
#include "erp-drivers/engine/verbs.h"

#include <stdlib.h>

#include "common/order/reason.h"
#include "common/recipe/recipe.h"
#include "common/template/template.h"
#include "erp-drivers/engine/known.h"

#define LABEL_BYTES 200

static char *
text_of(const struct engine *e, const json_t *of, const char *name)
{
    const json_t *template = json_object_get(of, name);

    return template ? e->calls->text(e->attempt, template) : NULL;
}

bool
engine_set(const struct engine *e, const json_t *values)
{
    const char *name;
    json_t *template;

    json_object_foreach((json_t *)values, name, template)
    {
        char *text = e->calls->text(e->attempt, template);

        if (!text)
            return false;
        e->calls->set(e->attempt, name, text);
        template_free(text);
    }
    return true;
}

bool
engine_call(struct engine *e, const json_t *step)
{
    const char *name = json_string_value(json_object_get(step, "call"));

    if (!engine_set(e, json_object_get(step, "with")))
        return false;
    levels_push(&e->levels, json_object_get(json_object_get(e->recipe, "pieces"), name), name,
                true);
    return true;
}

void
engine_when(struct engine *e, const json_t *step, bool holds)
{
    const char *branch = holds ? "then" : "else";

    levels_push(&e->levels, json_object_get(step, branch), branch, false);
}

void
engine_fail(const struct engine *e, const json_t *step, const char *code, const char *otherwise)
{
    const json_t *template = json_object_get(step, "words");
    char *words = template ? e->calls->text(e->attempt, template) : mem_string(otherwise);

    if (words)
        e->calls->fail(e->attempt, code ? reason_find(code)->code : NULL, words);
    template_free(words);
}

void
engine_fail_step(const struct engine *e, const json_t *step)
{
    const char *code = json_string_value(json_object_get(step, "fail"));
    char label[LABEL_BYTES], *otherwise;

    levels_label(&e->levels, "", label, sizeof label);
    otherwise = mem_format("the recipe's step %s says %s", label, code);
    engine_fail(e, step, code, otherwise);
    free(otherwise);
}

/* --- our line --- */

/* A member that the step has; true without it. */
static bool
take_text(const struct engine *e, const json_t *found, const char *name, char **text)
{
    *text = text_of(e, found, name);
    return *text || !json_object_get(found, name);
}

bool
engine_found(struct engine *e, const json_t *step)
{
    const json_t *found = json_object_get(step, "found");
    struct found *line = &e->found;

    found_clear(line);
    return take_text(e, found, "reference", &line->reference) &&
           take_text(e, found, "product_nr", &line->product_nr) &&
           take_text(e, found, "amount", &line->amount) &&
           take_text(e, found, "worksheet", &line->worksheet) &&
           take_text(e, found, "words", &line->words);
}

bool
engine_found_take(struct engine *e, const json_t *step)
{
    const json_t *number = json_object_get(json_object_get(step, "found"), "number");
    const struct number_format format = recipe_number_format(number);
    char plain[ORDER_VALUE_MAX + 1], *words;

    if (!template_number(e->found.amount, &format, plain, sizeof plain)) {
        words = mem_format("the amount \"%.120s\" is not a number", e->found.amount);
        e->calls->fail(e->attempt, NULL, words);
        template_free(words);
        return false;
    }
    free(e->found.amount);
    e->found.amount = mem_string(plain);
    e->found.is = true;
    levels_clear(&e->levels);
    return true;
}

/* --- what a check has found --- */

bool
engine_known(struct engine *e, const json_t *step)
{
    const char *what = json_string_value(json_object_get(step, "known"));
    char *texts[KNOWN_MEMBERS] = {NULL};
    bool ok = true;

    for (size_t i = 0; ok && i < KNOWN_MEMBERS; i++)
        ok = take_text(e, step, known_member(i), &texts[i]);
    if (ok && known_take(e->job, what, texts))
        levels_clear(&e->levels);
    for (size_t i = 0; i < KNOWN_MEMBERS; i++)
        template_free(texts[i]);
    return ok;
}
