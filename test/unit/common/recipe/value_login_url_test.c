/* Where a recipe may write the password: in a URL only of a login, and percent-encoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/recipe/recipe.h"

#define RECIPE                                                                                     \
    "{\"recipe\":1,\"kind\":\"http\",\"login\":[{\"get\":\"/t%s\",\"into\":\"t\"},"                \
    "{\"keep\":{\"t\":\"{t}\"}}],\"lookup\":[{\"call\":\"find\"}],\"create\":[{\"get\":\"/"        \
    "x%s\"}],"                                                                                     \
    "\"commit\":[{\"post\":\"/lines\",\"form\":{\"id\":\"{order.uniqueid}\"}}],"                   \
    "\"verify\":[{\"call\":\"find\"}],\"pieces\":{\"find\":[{\"get\":\"/"                          \
    "lines\",\"into\":\"rows\"},"                                                                  \
    "{\"each\":\"{rows}\",\"where\":{\"equal\":[\"{row.id}\",\"{order.uniqueid}\"]},\"none\":[],"  \
    "\"do\":[{\"found\":{\"reference\":\"{row.id}\",\"product_nr\":\"1\",\"amount\":\"1\"}}]}]}}"

/* pointer NULL: valid. */
static void
expect(const char *in_login, const char *in_create, const char *pointer)
{
    struct json_faults faults = {NULL, 0};
    char *text = mem_format(RECIPE, in_login, in_create);
    json_t *recipe = json_loads(text, 0, NULL);

    assert_non_null(recipe);
    recipe_check(recipe, "f", &faults);
    if (faults.count != (pointer != NULL) || (pointer && strcmp(faults.items[0].pointer, pointer)))
        fail_msg("%zu faults, %s: %s", faults.count, faults.count ? faults.items[0].pointer : "",
                 faults.count ? faults.items[0].text : in_login);
    json_faults_clear(&faults);
    json_decref(recipe);
    free(text);
}

static void
test_urls(void **state)
{
    static const char encoded[] = "?k={credentials.password|urlencode}";
    static const char *const refused[] = {
        "?k={credentials.password}", "?k={credentials.password|base64}",
        "?k={credentials.password|urlencode|lower}", "?k={credentials.basic|urlencode}"};

    (void)state;
    expect("", "", NULL);
    expect(encoded, "", NULL);
    expect("", encoded, "/create/0/get");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect(refused[i], "", "/login/0/get");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
