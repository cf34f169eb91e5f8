/* Comparing ids: what the checker accepts as an exact comparison, where one is required, and which
 * ids a recipe refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/recipe/recipe.h"

#define FOUND "{\"found\":{\"reference\":\"1\",\"product_nr\":\"1\",\"amount\":\"1\"}}"
#define EACH(where, more)                                                                          \
    "[{\"each\":\"tr\",\"where\":" where ",\"do\":[" FOUND "],\"none\":[]" more "}]"
#define TEXT(test) "{\"text\":{\"of\":\"td\"," test "}}"
#define ID_IS "\"is\":\"{order.uniqueid}\""
#define ASSERT(condition) "[{\"assert\":" condition "}," FOUND "]"
#define READ(more) "{\"read\":\"td\"," more "\"into\":\"x\"}"
#define EQUAL(read) "[" read ",{\"assert\":{\"equal\":[\"{order.uniqueid}\",\"{x}\"]}}," FOUND "]"

/* The caller owns it. */
static json_t *
recipe_with(const char *lookup, const char *pieces)
{
    char *text = mem_format(
        "{\"recipe\":1,\"login\":[],\"lookup\":%s,\"create\":[{\"type\":\"{order.uniqueid}\","
        "\"into\":\"a\"}],\"commit\":[{\"click\":\"a\"},{\"wait\":{\"present\":\"b\"}}],\"verify\":"
        "[{\"assert\":{\"value\":{\"of\":\"a\"," ID_IS "}}}," FOUND "],\"pieces\":%s}",
        lookup, pieces);
    json_error_t error;
    json_t *recipe = json_loads(text, 0, &error);

    if (!recipe)
        fail_msg("%s: %s", error.text, text);
    free(text);
    return recipe;
}

static void
expect_faults(const char *lookup, const char *pieces, size_t count, const char *pointer)
{
    struct json_faults faults = {NULL, 0};
    json_t *recipe = recipe_with(lookup, pieces);

    recipe_check(recipe, "f", &faults);
    if (faults.count != count || (count && strcmp(faults.items[0].pointer, pointer)))
        fail_msg("%zu faults, %s %s: %s", faults.count, faults.count ? faults.items[0].pointer : "",
                 faults.count ? faults.items[0].text : "", lookup);
    json_faults_clear(&faults);
    json_decref(recipe);
}

static void
test_exact_comparisons(void **state)
{
    static const char *const lookups[] = {
        EACH(TEXT(ID_IS), ""),
        EACH(TEXT(ID_IS), ",\"only\":false"),
        EACH(TEXT("\"is\":\"Order {order.uniqueid} of us\""), ""),
        EACH(TEXT("\"starts\":\"{order.uniqueid};\""), ""),
        EACH(TEXT("\"ends\":\"our #{order.uniqueid}\""), ""),
        EACH(TEXT("\"contains\":\"{{{order.uniqueid}}}\""), ""),
        EACH("{\"value\":{\"of\":\"input\"," ID_IS "}}", ""),
        EACH("{\"all\":[{\"text\":\"x\"}," TEXT(ID_IS) "]}", ""),
        EACH("{\"any\":[" TEXT(ID_IS) "," TEXT("\"ends\":\"/{order.uniqueid}\"") "]}", ""),
        EACH("{\"present\":\"td[data-ref=\\\"{order.uniqueid|css}\\\"]\"}", ""),
        EACH("{\"visible\":{\"xpath\":\".//td[@title={order.uniqueid|xpath}]\"}}", ""),
        EACH("{\"present\":{\"name\":\"line_{order.uniqueid}\"}}", ""),
        EACH("{\"present\":{\"link\":\"{order.uniqueid}\"}}", ""),
        "[{\"each\":{\"css\":\"tr\",\"contains\":\"[{order.uniqueid}]\"},\"do\":[" FOUND "]}]",
        "[{\"each\":\"tr\",\"where\":" TEXT(ID_IS) ",\"do\":[{\"click\":\"row\"}]}," FOUND "]",
        "[{\"when\":" TEXT(ID_IS) ",\"then\":[" FOUND "]}]",
        "[{\"when\":" TEXT(ID_IS) ",\"else\":[{\"fail\":\"erp_busy\"}]}," FOUND "]",
        ASSERT(TEXT(ID_IS)),
        EQUAL(READ("\"what\":\"value\",")),
        EQUAL(READ("\"what\":\"attribute:title\",")),
        EQUAL(READ("\"exact\":true,")),
        EQUAL("{\"script\":\"return 1\",\"into\":\"x\"}"),
        "[" READ("\"what\":\"value\",") ",{\"assert\":{\"variable\":{\"text\":\"{x}\",\"ends\":"
                                        "\"/{order.uniqueid}\"}}}," FOUND "]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        expect_faults(lookups[i], "{}", 0, "");
}

static void
test_inexact_comparisons(void **state)
{
    static const char *const wheres[] = {
        "{\"text\":\"[{order.uniqueid}]\"}",
        TEXT("\"contains\":\"{order.uniqueid}\""),
        TEXT("\"contains\":\"[{order.uniqueid} \""),
        TEXT("\"contains\":\"x{order.uniqueid}]\""),
        TEXT("\"starts\":\"#{order.uniqueid}\""),
        TEXT("\"ends\":\"{order.uniqueid};\""),
        TEXT("\"is\":\"{order.uniqueid|lower}\""),
        TEXT("\"is\":\"{order.worksheet}/{order.uniqueid}\""),
        TEXT("\"is\":\"{order.uniqueid}{order.uniqueid}\""),
        TEXT("\"is\":\"{order.product_nr}\""),
        TEXT("\"is\":\"{{order.uniqueid}}\""),
        TEXT("\"matches\":\"{order.uniqueid}\""),
        "{\"not\":" TEXT(ID_IS) "}",
        "{\"any\":[" TEXT(ID_IS) "," TEXT("\"is\":\"x\"") "]}",
        "{\"all\":[" TEXT("\"is\":\"x\"") "]}",
        "{\"gone\":{\"name\":\"{order.uniqueid}\"}}",
        "{\"present\":{\"label\":\"{order.uniqueid}\"}}",
        "{\"present\":\"td[data-ref*=\\\"{order.uniqueid|css}\\\"]\"}",
        "{\"present\":\"td:not([data-ref=\\\"{order.uniqueid|css}\\\"])\"}",
        "{\"present\":\"td[a=\\\"{order.uniqueid|css}\\\"], td\"}",
        "{\"present\":\"td[data-ref=\\\"{order.uniqueid|css}\\\" i]\"}",
        "{\"present\":{\"xpath\":\".//td[.={order.uniqueid|xpath}]\"}}",
        "{\"present\":{\"xpath\":\".//td[contains(@a,{order.uniqueid|xpath})]\"}}",
        "{\"present\":{\"xpath\":\".//td[@a={order.uniqueid|xpath}] | .//td\"}}",
        "{\"expression\":\"true\",\"args\":[\"{order.uniqueid}\"]}",
        "{\"equal\":[\"{order.uniqueid}\",\"{order.uniqueid}\"]}",
        "{\"url\":{\"ends\":\"/{order.uniqueid}\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wheres / sizeof *wheres; i++) {
        char *lookup = mem_format("[{\"each\":\"tr\",\"where\":%s,\"do\":[" FOUND "]}]", wheres[i]);

        expect_faults(lookup, "{}", 1, "/lookup/0/do/0/found");
        free(lookup);
    }
}

/* A variable must hold exactly what the page shows. */
static void
test_variables(void **state)
{
    static const char *const reads[] = {
        READ(""),
        READ("\"exact\":true,\"match\":\"a(.*)\","),
        READ("\"what\":\"value\",\"number\":{},"),
        READ("\"what\":\"value\",") "," READ(""),
        READ("\"what\":\"value\",") ",{\"set\":{\"x\":\"{order.uniqueid}\"}}",
        "{\"set\":{\"x\":\"{order.uniqueid}\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        char *lookup = mem_format("[%s,{\"when\":{\"equal\":[\"{x}\",\"{order.uniqueid}\"]},"
                                  "\"then\":[" FOUND "]}]",
                                  reads[i]);
        char pointer[] = "/lookup/1/then/0/found";

        pointer[8] = strstr(reads[i], "},{") ? '2' : '1';
        expect_faults(lookup, "{}", 1, pointer);
        free(lookup);
    }
}

/* Every path to `found` must include the comparison. */
static void
test_ways_to_found(void **state)
{
    static const char pieces[] =
        "{\"say\":[" FOUND
        "],\"compare\":[{\"assert\":" TEXT(ID_IS) "}],\"round\":[{\"when\":" TEXT(
            ID_IS) ",\"then\":[{\"call\":\"say\"}]},{\"call\":\"compare\"},{\"call\":\"say\"}]}";

    (void)state;
    expect_faults("[{\"call\":\"say\"}]", pieces, 1, "/pieces/say/0/found");
    expect_faults("[{\"call\":\"compare\"},{\"call\":\"say\"}]", pieces, 0, "");
    expect_faults("[{\"call\":\"round\"}]", pieces, 0, "");
    expect_faults("[{\"wait\":" TEXT(ID_IS) "}," FOUND "]", "{}", 1, "/lookup/1/found");
    expect_faults("[{\"assert\":" TEXT(ID_IS) ",\"optional\":true}," FOUND "]", "{}", 1,
                  "/lookup/1/found");
    expect_faults("[{\"when\":" TEXT(ID_IS) ",\"then\":[]}," FOUND "]", "{}", 1, "/lookup/1/found");
    expect_faults("[{\"when\":" TEXT(ID_IS) ",\"else\":[" FOUND "]}]", "{}", 1,
                  "/lookup/0/else/0/found");
    expect_faults("[{\"each\":\"tr\",\"where\":" TEXT(
                      ID_IS) ",\"do\":[],\"none\":[{\"click\":\"a\"}]}," FOUND "]",
                  "{}", 1, "/lookup/1/found");
}

/* A comparison of one line would miss the second line of an id. */
static void
test_one_row_of_several(void **state)
{
    (void)state;
    expect_faults("[{\"each\":\"tr\",\"only\":false,\"do\":[{\"when\":" TEXT(
                      ID_IS) ",\"then\":[" FOUND "]}]}]",
                  "{}", 1, "/lookup/0/do/0/then/0/found");
    expect_faults("[{\"each\":\"tr\",\"do\":[{\"when\":" TEXT(ID_IS) ",\"then\":[" FOUND "]}]}]",
                  "{}", 0, "");
}

static bool
fits(const char *lookup, const char *id, char *wrong)
{
    json_t *recipe = recipe_with(lookup, "{}");
    bool yes = recipe_id_fits(recipe, id, wrong);

    json_decref(recipe);
    return yes;
}

static void
test_ids(void **state)
{
    static const char value[] = EACH("{\"value\":{\"of\":\"a\"," ID_IS "}}", "");
    static const char text[] = EACH(TEXT(ID_IS), "");
    static const char signs[] = EACH(TEXT("\"contains\":\"[{order.uniqueid}>\""), "");
    static const struct {
        const char *id;
        bool value, text, signs;
        const char *words;
    } cases[] = {
        {"oil-1", true, true, true, NULL},
        {"H x \"'<b>%41 & \u00fc \u65e5 \U0001f6e2", true, true, false, "contains >"},
        {"H  x", true, false, false, "two consecutive spaces"},
        {"H\u00a0x", true, false, false, "U+00A0"},
        {"H\u200bx", true, false, false, "U+200B"},
        {"H\u3000x", true, false, false, "U+3000"},
        {"[H]", true, true, false, "contains ["},
        {" H", false, false, false, "begins or ends"},
        {"H ", false, false, false, "begins or ends"},
        {"\u00a0H", false, false, false, "begins or ends"},
        {"H\u2003", false, false, false, "begins or ends"},
        {"H\ue007x", false, false, false, "U+E007"},
        {"H\ue05e", true, true, true, NULL},
    };
    char wrong[RECIPE_WRONG_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (fits(value, cases[i].id, wrong) != cases[i].value ||
            fits(text, cases[i].id, wrong) != cases[i].text ||
            fits(signs, cases[i].id, wrong) != cases[i].signs)
            fail_msg("\"%s\": %s", cases[i].id, wrong);
        if (cases[i].words && !strstr(wrong, cases[i].words))
            fail_msg("\"%s\": %s", cases[i].id, wrong);
    }
}

static void
test_notes(void **state)
{
    json_t *recipe = recipe_with(EACH(TEXT("\"contains\":\"[{order.uniqueid}]\""), ""), "{}");
    json_t *notes = recipe_id_notes(recipe);

    (void)state;
    assert_int_equal(json_array_size(notes), 2);
    assert_non_null(
        strstr(json_string_value(json_array_get(notes, 1)), "contains one of []: the page uses"));
    json_decref(notes);
    json_decref(recipe);
    recipe = recipe_with(ASSERT("{\"value\":{\"of\":\"a\"," ID_IS "}}"), "{}");
    notes = recipe_id_notes(recipe);
    assert_int_equal(json_array_size(notes), 0);
    json_decref(notes);
    json_decref(recipe);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_comparisons),
        cmocka_unit_test(test_inexact_comparisons),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_ways_to_found),
        cmocka_unit_test(test_one_row_of_several),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
