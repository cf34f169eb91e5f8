/* The shipped recipes against exchanges that real servers have had; a folder of golden/http bears a
 * recipe's name. What a dialogue holds: erp-drivers/http/replay.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/recipe/recipe.h"
#include "erp-drivers/http/replay.h"
#include "source_dir.h"

#define DIALOGUES_MAX 400

static json_t *
load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!json)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static const char *const folders[] = {TEST_SOURCE_DIR "/../erp-drivers/recipes",
                                      TEST_SOURCE_DIR "/../erp-drivers/recipes/unproven"};

/* A recipe of that name: one beside the dialogues, or a shipped one. The caller owns it. */
static char *
path_of(const char *dialogue)
{
    char *folder = mem_format("%.*s", (int)(strrchr(dialogue, '/') - dialogue), dialogue);
    char *path = mem_format("%s/_recipe.json", folder);

    for (size_t i = 0; i < 2 && access(path, R_OK); i++) {
        free(path);
        path = mem_format("%s/%s.json", folders[i], strrchr(folder, '/') + 1);
    }
    free(folder);
    return path;
}

static json_t *
recipe_of(const char *dialogue)
{
    struct json_faults faults = {NULL, 0};
    char *path = path_of(dialogue);
    json_t *recipe = recipe_read(path, &faults);

    if (!recipe)
        fail_msg("%s: %s: %s", path, faults.items[0].pointer, faults.items[0].text);
    free(path);
    return recipe;
}

static void
test_dialogue(void **state)
{
    char difference[REPLAY_BYTES];
    json_t *recipe = recipe_of(*state), *dialogue = load(*state);

    if (!http_replay(recipe, dialogue, difference))
        fail_msg("%s: %s", (const char *)*state, difference);
    json_decref(recipe);
    json_decref(dialogue);
}

/* The replay itself sees when a recipe does something else. */
static void
test_difference(void **state)
{
    char difference[REPLAY_BYTES];
    json_t *recipe = recipe_of(*state), *dialogue = load(*state);
    json_t *exchanges = json_object_get(dialogue, "exchanges");

    json_object_set_new(json_object_get(json_array_get(exchanges, 0), "request"), "path",
                        json_string("/elsewhere"));
    assert_false(http_replay(recipe, dialogue, difference));
    assert_non_null(strstr(difference, "exchange 1, path: expected /elsewhere"));
    json_array_clear(exchanges);
    assert_false(http_replay(recipe, dialogue, difference));
    assert_non_null(strstr(difference, "ends after 0 exchanges, but the recipe then sends POST"));
    json_decref(dialogue);
    dialogue = load(*state);
    json_object_set_new(json_object_get(dialogue, "ends"), "reference", json_string("38"));
    assert_false(http_replay(recipe, dialogue, difference));
    assert_non_null(strstr(difference, "it ends with created"));
    json_decref(recipe);
    json_decref(dialogue);
}

/* A recording that stopped before the commit ends there; see erp-drivers/http/replay.h. */
static void
test_stopped(void **state)
{
    char difference[REPLAY_BYTES];
    json_t *recipe = recipe_of(*state), *dialogue = load(*state);
    json_t *exchanges = json_object_get(dialogue, "exchanges");
    size_t count = 0;

    json_object_set_new(dialogue, "ends", json_pack("{s:s}", "stopped_before", "commit"));
    assert_false(http_replay(recipe, dialogue, difference));
    assert_non_null(strstr(difference, "the recording stopped before commit"));
    while (!json_is_true(
        json_object_get(json_object_get(json_array_get(exchanges, count), "request"), "commits")))
        count++;
    while (json_array_size(exchanges) > count)
        json_array_remove(exchanges, count);
    assert_true(http_replay(recipe, dialogue, difference));
    json_array_remove(exchanges, count - 1);
    assert_false(http_replay(recipe, dialogue, difference));
    assert_non_null(strstr(difference, "but the recipe then sends POST"));
    json_object_del(dialogue, "ends");
    assert_true(http_replay(recipe, dialogue, difference));
    json_decref(recipe);
    json_decref(dialogue);
}

int
main(void)
{
    static struct CMUnitTest tests[DIALOGUES_MAX];
    static char created[] = TEST_SOURCE_DIR "/golden/http/odoo-json2/created.json";
    glob_t found;
    size_t count = 0;
    int failed;

    secret_start();
    if (glob(TEST_SOURCE_DIR "/golden/http/*/[a-z]*.json", 0, NULL, &found))
        return 1;
    for (size_t i = 0; i < found.gl_pathc && count < DIALOGUES_MAX - 2; i++)
        tests[count++] = (struct CMUnitTest){strstr(found.gl_pathv[i], "http/"), test_dialogue,
                                             NULL, NULL, found.gl_pathv[i]};
    tests[count++] = (struct CMUnitTest){"difference", test_difference, NULL, NULL, created};
    tests[count++] = (struct CMUnitTest){"stopped", test_stopped, NULL, NULL, created};
    failed = _cmocka_run_group_tests("replay", tests, count, NULL, NULL);
    globfree(&found);
    return failed;
}
