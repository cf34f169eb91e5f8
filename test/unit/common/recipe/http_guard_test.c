/* A request that replaces a document's lines needs a guard against another client's change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/recipe/recipe.h"

#define LINES "\"lines\":{\"$append\":[\"{doc.lines}\",{\"id\":\"{order.uniqueid}\"}]}"
#define MERGED "\"json\":{\"$merge\":[\"{doc}\",{" LINES "}]}"

#define RECIPE                                                                                     \
    "{\"recipe\":1,\"kind\":\"http\"%s,\"lookup\":[{\"call\":\"find\"}],\"create\":[{\"get\":\"/"  \
    "doc\","                                                                                       \
    "\"into\":\"doc\"}],\"commit\":[{%s}],\"verify\":[{\"call\":\"find\"}],\"pieces\":{\"find\":[" \
    "{\"get\":\"/lines\",\"into\":\"rows\"},{\"each\":\"{rows}\",\"none\":[],"                     \
    "\"where\":{\"equal\":[\"{row.id}\",\"{order.uniqueid}\"]},"                                   \
    "\"do\":[{\"found\":{\"reference\":\"{row.id}\",\"product_nr\":\"1\",\"amount\":\"1\"}}]}]}}"

static void
expect(const char *commit, const char *unguarded, bool refused)
{
    struct json_faults faults = {NULL, 0};
    char *text = mem_format(RECIPE, unguarded, commit);
    json_t *recipe = json_loads(text, 0, NULL);

    assert_non_null(recipe);
    recipe_check(recipe, "f", &faults);
    if (faults.count != refused)
        fail_msg("%zu faults, %s: %s", faults.count, commit,
                 faults.count ? faults.items[0].text : "");
    if (refused) {
        assert_string_equal(faults.items[0].pointer, "/commit/0");
        assert_non_null(strstr(faults.items[0].text, "another user makes meanwhile is lost"));
        assert_non_null(strstr(faults.items[0].text, "\"unguarded\": true"));
    }
    json_faults_clear(&faults);
    json_decref(recipe);
    free(text);
}

static void
test_lines_that_are_replaced(void **state)
{
    static const char *const steps[] = {
        "\"put\":\"/doc\",\"json\":{" LINES "}",
        "\"patch\":\"/doc\",\"json\":{" LINES "}",
        "\"post\":\"/doc\",\"json\":{\"order\":{" LINES "}}",
        "\"put\":\"/doc\",\"headers\":{\"X\":\"1\"},\"json\":{" LINES "}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        expect(steps[i], "", true);
        expect(steps[i], ",\"unguarded\":false", true);
        expect(steps[i], ",\"unguarded\":true", false);
    }
}

static void
test_guards(void **state)
{
    (void)state;
    expect("\"put\":\"/doc\",\"headers\":{\"if-match\":\"{doc.etag}\"},\"json\":{" LINES "}", "",
           false);
    expect("\"put\":\"/doc\"," MERGED, "", false);
    expect("\"put\":\"/doc\",\"json\":{\"line\":{\"id\":\"{order.uniqueid}\"}}", "", false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_that_are_replaced),
        cmocka_unit_test(test_guards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
