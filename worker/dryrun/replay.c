/* One dialogue after the other. */
#include "worker/dryrun/replay.h"

#include <stdio.h>
#include <sysexits.h>

#include "common/json/file.h"
#include "common/recipe/recipe.h"
#include "erp-drivers/http/replay.h"
#include "worker/dryrun/dialogue.h"

static void
say_faults(struct json_faults *faults, FILE *to)
{
    for (size_t i = 0; i < faults->count; i++)
        fprintf(to, "%s: %s%s%s\n", faults->items[i].file, faults->items[i].pointer,
                *faults->items[i].pointer ? ": " : "", faults->items[i].text);
    json_faults_clear(faults);
}

/* NULL: it says why. The caller owns it. */
static json_t *
read_dialogue(const char *name)
{
    struct json_faults faults = {NULL, 0};
    struct err err;
    json_t *dialogue = json_file_read(name, &err);

    if (!dialogue) {
        printf("%s: %s\n", name, err.text);
        return NULL;
    }
    if (dialogue_check(dialogue, name, &faults))
        return dialogue;
    say_faults(&faults, stdout);
    json_decref(dialogue);
    return NULL;
}

/* Whether the recipe does what the dialogue says. */
static bool
replay_file(const json_t *recipe, const char *name)
{
    char difference[REPLAY_BYTES] = "";
    json_t *dialogue = read_dialogue(name);
    bool same = dialogue && http_replay(recipe, dialogue, difference);

    if (dialogue)
        printf("%s: %s\n", name, same ? "as recorded" : difference);
    json_decref(dialogue);
    return same;
}

int
replay_files(char *const *names)
{
    struct json_faults faults = {NULL, 0};
    json_t *recipe = recipe_read(*names, &faults);
    int status = EX_OK;

    if (!recipe) {
        say_faults(&faults, stderr);
        return EX_DATAERR;
    }
    if (!recipe_is_http(recipe)) {
        fprintf(stderr, "%s: a recipe for web pages: try it with recipe run\n", *names);
        status = EX_DATAERR;
    }
    for (names++; *names && status != EX_DATAERR; names++)
        if (!replay_file(recipe, *names))
            status = 1;
    json_decref(recipe);
    return status;
}
