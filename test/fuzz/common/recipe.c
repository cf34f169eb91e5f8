/* Recipe files: valid, or rejected with faults that are JSON; any template is expanded or rejected.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/recipe/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
any_value(const char *name, void *arg)
{
    return strlen(name) % 2 ? arg : "1234.50";
}

static void
expand(const uint8_t *data, size_t size)
{
    char wrong[TEMPLATE_WRONG_BYTES] = "",
         *text = mem_format("%.*s", (int)size, (const char *)data);
    char *result = template_expand(text, any_value, text, wrong);

    if (!result == !*wrong)
        abort();
    template_free(result);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *recipe = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL), *list;
    struct json_faults faults = {NULL, 0};

    expand(data, size);
    if (!recipe)
        return 0;
    if (recipe_check(recipe, "file", &faults) != !faults.count)
        abort();
    list = json_faults_json(&faults);
    if (json_array_size(list) != faults.count)
        abort();
    json_decref(list);
    json_faults_clear(&faults);
    json_decref(recipe);
    return 0;
}
