/* Steps that mean the same in all recipes: what is due next, and what a failure says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/template/template.h"
#include "erp-drivers/engine/verbs.h"

struct attempt {
    json_t *vars;
    const char *code;
    char words[200];
};

static const char *
variable(const char *name, void *arg)
{
    const struct attempt *attempt = arg;

    return json_string_value(json_object_get(attempt->vars, name));
}

static void
take_failure(void *arg, const char *code, const char *words)
{
    struct attempt *attempt = arg;

    attempt->code = code;
    text_copy(attempt->words, sizeof attempt->words, words);
}

static char *
text(void *arg, const json_t *template)
{
    char wrong[TEMPLATE_WRONG_BYTES];
    char *expanded = template_expand(json_string_value(template), variable, arg, wrong);

    if (!expanded)
        take_failure(arg, NULL, wrong);
    return expanded;
}

static void
set(void *arg, const char *name, const char *value)
{
    struct attempt *attempt = arg;

    json_object_set_new(attempt->vars, name, json_string(value));
}

static const struct engine_calls calls = {text, set, take_failure};
static struct attempt attempt;
static struct engine engine;
static json_t *recipe;

static int
begin(void **state)
{
    (void)state;
    recipe = json_loads(
        "{\"lookup\": [{\"call\": \"piece\", \"with\": {\"what\": \"line {id}\"}},"
        " {\"when\": {}, \"else\": [{\"fail\": \"product_not_found\"}]},"
        " {\"found\": {\"reference\": \"7\", \"product_nr\": \"10\","
        "  \"amount\": \"1.234,5\", \"number\": {\"decimal\": \",\", \"group\": \".\"}}}],"
        " \"pieces\": {\"piece\": [{\"set\": {\"a\": \"{what}\"}}]}}",
        0, NULL);
    attempt = (struct attempt){.vars = json_pack("{s:s}", "id", "u-1")};
    engine = (struct engine){.calls = &calls, .attempt = &attempt, .recipe = recipe};
    levels_push(&engine.levels, json_object_get(recipe, "lookup"), "lookup", false);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    levels_clear(&engine.levels);
    found_clear(&engine.found);
    json_decref(attempt.vars);
    json_decref(recipe);
    return 0;
}

static const json_t *
step(const char *label)
{
    char is[100];

    levels_label(&engine.levels, "lookup", is, sizeof is);
    assert_string_equal(is, label);
    return levels_step(&engine.levels);
}

static void
test_a_piece_comes_before_what_follows_it(void **state)
{
    const json_t *call = step("lookup/0");

    (void)state;
    assert_true(engine_call(&engine, call));
    levels_step_done(&engine.levels, call); /* it has steps of its own now */
    assert_true(engine_set(&engine, json_object_get(step("lookup/0 > piece/0"), "set")));
    assert_string_equal(variable("a", &attempt), "line u-1");
    levels_step_done(&engine.levels, levels_step(&engine.levels));
    assert_null(levels_step(&engine.levels));
    levels_leave(&engine.levels);
    step("lookup/1");
}

static void
test_a_branch_and_its_failure(void **state)
{
    (void)state;
    levels_top(&engine.levels)->index = 1;
    engine_when(&engine, step("lookup/1"), true);
    assert_null(levels_step(&engine.levels)); /* no steps for this case */
    levels_leave(&engine.levels);
    step("lookup/2");
    levels_top(&engine.levels)->index = 1;
    engine_when(&engine, step("lookup/1"), false);
    engine_fail(&engine, step("lookup/1/else/0"), "product_not_found", "no words");
    assert_string_equal(attempt.code, "product_not_found");
    assert_string_equal(attempt.words, "no words");
    engine_fail_step(&engine, step("lookup/1/else/0"));
    assert_string_equal(attempt.words, "the recipe's step lookup/1/else/0 says product_not_found");
}

static void
test_our_line_ends_the_section(void **state)
{
    const json_t *found;

    (void)state;
    levels_top(&engine.levels)->index = 2;
    found = step("lookup/2");
    assert_true(engine_found(&engine, found) && !engine.found.is);
    assert_true(engine_found_take(&engine, found) && engine.found.is);
    assert_string_equal(engine.found.amount, "1234.5");
    assert_null(levels_top(&engine.levels));
}

static void
test_a_missing_value_fails(void **state)
{
    (void)state;
    json_object_del(attempt.vars, "id");
    assert_false(engine_call(&engine, step("lookup/0")));
    step("lookup/0");
    assert_null(attempt.code);
    assert_true(*attempt.words);
}

static void
test_rows_begin_again(void **state)
{
    json_t *steps = json_pack("[{}]");
    struct level *level = levels_push(&engine.levels, steps, "do", false);

    (void)state;
    level->rows = json_pack("[s, s]", "one", "two");
    level->index = 1;
    assert_string_equal(json_string_value(levels_next_row(level)), "two");
    assert_int_equal(level->index, 0);
    assert_null(levels_next_row(level));
    levels_clear(&engine.levels);
    json_decref(steps);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_piece_comes_before_what_follows_it, begin, end),
        cmocka_unit_test_setup_teardown(test_a_branch_and_its_failure, begin, end),
        cmocka_unit_test_setup_teardown(test_our_line_ends_the_section, begin, end),
        cmocka_unit_test_setup_teardown(test_a_missing_value_fails, begin, end),
        cmocka_unit_test_setup_teardown(test_rows_begin_again, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
