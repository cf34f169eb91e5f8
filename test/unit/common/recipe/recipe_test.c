/* Functions that the engine calls on a recipe; test_recipes.py checks the shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/recipe/recipe.h"

static void
test_keys(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        uint32_t first, last;
    } cases[] = {{"a", 1, 'a', 'a'},
                 {"A", 1, 'A', 'A'},
                 {"Tab", 1, 0xe004, 0xe004},
                 {"enter", 1, 0xe007, 0xe007},
                 {"Ctrl+S", 2, 0xe009, 's'},
                 {"Ctrl++", 2, 0xe009, '+'},
                 {"+", 1, '+', '+'},
                 {"F12", 1, 0xe03c, 0xe03c},
                 {"Space", 1, ' ', ' '},
                 {"Alt+Shift+Left", 3, 0xe00a, 0xe012},
                 {"Ctrl+Shift+Alt+Meta+F1", 5, 0xe009, 0xe031}};
    static const char *const none[] = {
        "", " ", "ab", "Ctrl+", "Ctrl", "Hyper+x", "\n", "F13", "Ctrl+Ctrl+Ctrl+Ctrl+Ctrl+x"};
    struct recipe_keys keys;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!recipe_keys_parse(cases[i].text, &keys) || keys.count != cases[i].count)
            fail_msg("%s", cases[i].text);
        assert_int_equal(keys.codes[0], cases[i].first);
        assert_int_equal(keys.codes[keys.count - 1], cases[i].last);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (recipe_keys_parse(none[i], &keys))
            fail_msg("\"%s\" is taken", none[i]);
}

static void
expect_verb(const char *step, const char *verb)
{
    json_t *object = json_loads(step, 0, NULL);

    assert_string_equal(recipe_verb(false, object), verb);
    json_decref(object);
}

static void
test_verbs(void **state)
{
    (void)state;
    expect_verb("{\"type\": \"x\", \"into\": \"#x\", \"clear\": true}", "type");
    expect_verb("{\"clear\": \"#x\"}", "clear");
    expect_verb("{\"dialog\": \"accept\", \"type\": \"x\"}", "dialog");
}

static void
test_options(void **state)
{
    json_t *recipe = json_loads("{\"options\": {\"a\": {}, \"b\": {\"default\": \"1\"}}}", 0, NULL);
    json_t *options = json_loads("{\"b\": 2, \"c\": \"x\"}", 0, NULL);
    struct json_faults faults = {NULL, 0};

    (void)state;
    recipe_check_options(recipe, options, "f", "/erp", &faults);
    assert_int_equal(faults.count, 3);
    assert_string_equal(faults.items[0].pointer, "/erp/options/b");
    assert_string_equal(faults.items[1].pointer, "/erp/options/c");
    assert_string_equal(faults.items[2].pointer, "/erp/options/a");
    json_faults_clear(&faults);
    json_decref(options);
    options = json_loads("{\"a\": \"\"}", 0, NULL);
    recipe_check_options(recipe, options, "f", "/erp", &faults);
    assert_int_equal(faults.count, 0);
    json_decref(options);
    json_decref(recipe);
}

static bool
looks_in_worksheet(const char *lookup, const char *pieces)
{
    json_t *recipe = json_pack("{s:o s:o}", "lookup", json_loads(lookup, 0, NULL), "pieces",
                               json_loads(pieces, 0, NULL));
    bool looks = recipe_looks_in_worksheet(recipe);

    json_decref(recipe);
    return looks;
}

static void
test_where_it_looks(void **state)
{
    static const char here[] = "{\"find\": [{\"call\": \"open\"}],"
                               " \"open\": [{\"goto\": \"/s?{order.worksheet|urlencode}\"}]}";

    (void)state;
    assert_false(looks_in_worksheet("[{\"goto\": \"/f?{order.uniqueid|urlencode}\"}]", here));
    assert_true(
        looks_in_worksheet("[{\"each\": \"tr\", \"where\": {\"text\": {\"of\": \"td\", \"is\": "
                           "\"{order.worksheet}\"}}, \"do\": []}]",
                           "{}"));
    assert_false(looks_in_worksheet(
        "[{\"each\": \"tr\", \"do\": [{\"script\": \"return 1;\", \"args\": "
        "[\"{order.worksheet}\"],"
        " \"into\": \"x\"}, {\"found\": {\"worksheet\": \"{order.worksheet}\"}}]}]",
        "{}"));
    assert_true(looks_in_worksheet("[{\"when\": {\"present\": \"a\"}, \"then\": [{\"call\": "
                                   "\"find\"}]}]",
                                   here));
}

/* Pieces p0… that call each other as `calls` says, and the recipe's faults about them. */
static void
expect_circles(size_t count, const char *(*calls)(size_t i), const char *faulty)
{
    json_t *pieces = json_object(), *recipe = json_pack("{s:O}", "pieces", pieces);
    struct json_faults found = {NULL, 0};
    char names[256] = "", name[16];

    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "p%zu", i);
        json_object_set_new(pieces, name, json_loads(calls(i), 0, NULL));
    }
    recipe_check(recipe, "f", &found);
    for (size_t i = 0; i < found.count; i++)
        if (strncmp(found.items[i].pointer, "/pieces", 7) == 0)
            strcat(strcat(names, found.items[i].pointer + 7), " ");
    assert_string_equal(names, faulty);
    json_faults_clear(&found);
    json_decref(pieces);
    json_decref(recipe);
}

static const char *
some_call(size_t i)
{
    static const char *const steps[] = {
        "[{\"call\": \"p1\"}]", /* leads to a cycle but is not part of one */
        "[{\"call\": \"p3\"}, {\"call\": \"p2\"}]",
        "[{\"when\": {\"present\": \"a\"}, \"then\": [{\"call\": \"p1\"}]}]",
        "[{\"goto\": \"/\"}]",
        "[{\"each\": \"tr\", \"do\": [{\"call\": \"p4\"}]}]",
        "[{\"call\": \"p3\"}, {\"call\": \"p3\"}]"};

    return steps[i];
}

static const char *
next_call(size_t i)
{
    static char step[64];

    snprintf(step, sizeof step, "[{\"call\": \"p%zu\"}]", i + 1 == RECIPE_PIECES_MAX ? 0 : i + 1);
    return i + 2 == RECIPE_PIECES_MAX ? "[{\"goto\": \"/\"}]" : step;
}

static void
test_cycles(void **state)
{
    (void)state;
    expect_circles(6, some_call, "/p1 /p2 /p4 ");
    expect_circles(RECIPE_PIECES_MAX, next_call, "");
    expect_circles(42000, next_call, " "); /* rejected for its size, before the search for cycles */
}

static void
test_find(void **state)
{
    char folder[] = "/tmp/recipe_test.XXXXXX";
    char path[64], *found;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/our-erp_2.json", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_null(recipe_find(NULL, "our-erp_2"));
    found = recipe_find(folder, "our-erp_2");
    assert_string_equal(found, path);
    free(found);
    found = recipe_find(folder, path);
    assert_string_equal(found, path);
    free(found);
    assert_null(recipe_find(folder, "../our-erp_2"));
    assert_null(recipe_find(folder, "other"));
    assert_null(recipe_find(folder, ""));
    assert_null(recipe_find(folder, "/tmp/recipe_test.none"));
    unlink(path);
    rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),    cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_options), cmocka_unit_test(test_where_it_looks),
        cmocka_unit_test(test_cycles),  cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
