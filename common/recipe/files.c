#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/json/file.h"
#include "common/recipe/recipe.h"

json_t *
recipe_read(const char *path, struct json_faults *faults)
{
    json_t *recipe = json_file_document(path, faults);

    if (!recipe || recipe_check(recipe, path, faults))
        return recipe;
    json_decref(recipe);
    return NULL;
}

static char *
in_folder(const char *folder, const char *name)
{
    char *path = mem_format("%s/%s.json", folder, name);

    if (*folder && access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* Looks among the shipped recipes: relative to bin or sbin, to lib/pumpline, and to a build folder.
 */
static char *
beside_program(const char *name)
{
    static const char *const places[] = {"../share/pumpline/recipes",
                                         "../../share/pumpline/recipes", "../erp-drivers/recipes"};
    char program[PATH_MAX] = "", *found = NULL;

    if (readlink("/proc/self/exe", program, sizeof program - 1) <= 0)
        return NULL;
    dirname(program);
    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        char *folder = mem_format("%s/%s", program, places[i]);

        found = in_folder(folder, name);
        free(folder);
    }
    return found;
}

char *
recipe_find(const char *folder, const char *name)
{
    char *found;

    if (*name == '/')
        return access(name, R_OK) == 0 ? mem_string(name) : NULL;
    if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
        return NULL;
    found = folder ? in_folder(folder, name) : NULL;
    return found ? found : beside_program(name);
}
