/* Recipes as files: found by name, listed, read and checked. */
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/file_read.h"
#include "common/base/secret.h"
#include "common/json/file.h"
#include "common/json/position.h"
#include "common/recipe/recipe.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

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

/* Where the shipped recipes are: relative to bin or sbin, to lib/pumpline, to a build folder, and
 * to the folder of its tests. NULL: i is past the last one; the caller frees it. */
static char *
shipped_folder(size_t i)
{
    static const char *const folders[] = {"../share/pumpline/recipes",
                                          "../../share/pumpline/recipes", "../erp-drivers/recipes",
                                          "../../../erp-drivers/recipes"};
    char program[PATH_MAX] = "";

    if (i >= sizeof folders / sizeof *folders ||
        readlink("/proc/self/exe", program, sizeof program - 1) <= 0)
        return NULL;
    return mem_format("%s/%s", dirname(program), folders[i]);
}

static char *
beside_program(const char *name)
{
    char *folder, *found = NULL;

    for (size_t i = 0; !found && (folder = shipped_folder(i)); i++) {
        found = in_folder(folder, name);
        free(folder);
    }
    return found;
}

static bool
is_name(const char *name)
{
    return *name && !name[strspn(name, NAME_CHARACTERS)];
}

char *
recipe_find(const char *folder, const char *name)
{
    char *found;

    if (*name == '/')
        return access(name, R_OK) == 0 ? mem_string(name) : NULL;
    if (!is_name(name))
        return NULL;
    found = folder ? in_folder(folder, name) : NULL;
    return found ? found : beside_program(name);
}

/* --- the list --- */

/* A recipe of the first folder takes the place of one of the same name. */
static void
add_names(json_t *files, const char *folder)
{
    DIR *entries = *folder ? opendir(folder) : NULL;
    const struct dirent *entry;
    char name[NAME_MAX + 1];

    while (entries && (entry = readdir(entries)) && json_object_size(files) < RECIPES_LISTED_MAX) {
        size_t length = strlen(entry->d_name);

        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json"))
            continue;
        text_copy(name, sizeof name, entry->d_name);
        name[length - 5] = '\0';
        if (is_name(name) && !json_object_get(files, name))
            json_object_set_new(files, name, json_sprintf("%s/%s.json", folder, name));
    }
    if (entries)
        closedir(entries);
}

json_t *
recipe_list(const char *folder)
{
    json_t *files = json_object();
    char *shipped;

    if (folder)
        add_names(files, folder);
    for (size_t i = 0; (shipped = shipped_folder(i)); i++) {
        add_names(files, shipped);
        free(shipped);
    }
    return files;
}

/* --- the check --- */

/* Where in the file each fault is; a file that is no JSON says so itself. */
static json_t *
placed_faults(const char *path, const struct json_faults *faults)
{
    json_t *list = json_faults_json(faults), *fault;
    size_t i, length;
    struct err err;
    char *text = file_read(path, CONFIG_FILE_BYTES_MAX, &length, &err);
    json_t *sound = text ? json_loadb(text, length, 0, NULL) : NULL;

    json_array_foreach(list, i, fault)
    {
        struct json_position position;

        if (!sound)
            break;
        position = json_position(text, faults->items[i].pointer);
        json_object_set_new(fault, "line", json_integer((json_int_t)position.line));
        json_object_set_new(fault, "column", json_integer((json_int_t)position.column));
    }
    json_decref(sound);
    secret_free(text);
    return list;
}

/* What a sound recipe cannot do, or what it risks. */
static json_t *
notes_on(const json_t *recipe)
{
    json_t *notes = recipe_id_notes(recipe);

    if (json_is_true(json_object_get(recipe, "unguarded")))
        json_array_append_new(
            notes, json_string("unguarded: the ERP replaces all lines of a worksheet and does not "
                               "detect concurrent changes: what another user adds, corrects or "
                               "deletes between reading and writing is lost"));
    return notes;
}

json_t *
recipe_report(const char *path)
{
    struct json_faults faults = {NULL, 0};
    json_t *recipe = recipe_read(path, &faults);
    json_t *report =
        json_pack("{s:s s:b s:o s:o}", "file", path, "sound", recipe != NULL, "faults",
                  placed_faults(path, &faults), "notes", recipe ? notes_on(recipe) : json_array());

    if (recipe)
        json_object_set_new(report, "kind",
                            json_string(recipe_is_http(recipe) ? "http" : "webdriver"));
    json_faults_clear(&faults);
    json_decref(recipe);
    return report;
}
