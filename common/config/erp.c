/* The members of `erp` for each shipped system. The drivers read them; they are checked only here,
 * so that the supervisor can report every fault without knowing a driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/host_pattern.h"
#include "common/config/parts.h"
#include "common/json/similar.h"
#include "common/recipe/recipe.h"

static const char *const file_formats[] = {"csv", "json", NULL};
static const char *const file_delimiters[] = {",", ";", "\t", "|", NULL};

/* What a column of the file driver can contain. */
static const char *const file_columns[] = {"workshop", "worksheet", "product_nr", "product_amount",
                                           "uniqueid", "placed_at", NULL};

/* Systems whose sessions outlive a killed worker. */
static const char *const open_systems[] = {"webdriver", NULL};

#define SYSTEM_MEMBER                                                                              \
    {                                                                                              \
        .name = "system", .kind = JSON_KIND_TEXT, .required = true                                 \
    }
#define IN_FLIGHT_MEMBER                                                                           \
    {                                                                                              \
        .name = "max_in_flight", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 64            \
    }

static const struct json_member file_members[] = {
    SYSTEM_MEMBER,
    IN_FLIGHT_MEMBER,
    {.name = "folder", .kind = JSON_KIND_PATH, .required = true},
    {.name = "format", .kind = JSON_KIND_CHOICE, .choices = file_formats},
    {.name = "columns", .kind = JSON_KIND_ARRAY, .minimum = 1, .choices = file_columns},
    {.name = "delimiter", .kind = JSON_KIND_CHOICE, .choices = file_delimiters},
    {.name = "header", .kind = JSON_KIND_BOOL},
    {.name = "worksheets", .kind = JSON_KIND_TEXT, .minimum = 5, .maximum = 64},
};

static const struct json_member tryton_members[] = {
    SYSTEM_MEMBER,
    IN_FLIGHT_MEMBER,
    {.name = "url", .kind = JSON_KIND_URL, .required = true},
    {.name = "ca_file", .kind = JSON_KIND_PATH, .nullable = true},
    {.name = "language", .kind = JSON_KIND_TEXT, .minimum = 2, .maximum = 16},
    {.name = "company",
     .kind = JSON_KIND_INTEGER,
     .minimum = 1,
     .maximum = INT32_MAX,
     .nullable = true},
    {.name = "timeout_s", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 600},
};

static const struct json_member webdriver_members[] = {
    SYSTEM_MEMBER,
    /* One browser per workshop. */
    {.name = "max_in_flight", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 1},
    {.name = "recipe", .kind = JSON_KIND_TEXT, .required = true, .minimum = 1, .maximum = 255},
    {.name = "url", .kind = JSON_KIND_URL, .required = true},
    {.name = "webdriver_url", .kind = JSON_KIND_URL, .nullable = true},
    {.name = "options", .kind = JSON_KIND_OBJECT},
    {.name = "browser", .kind = JSON_KIND_OBJECT, .inside = config_browser_table},
    {.name = "ca_file", .kind = JSON_KIND_PATH, .nullable = true},
    {.name = "timeout_s", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 600},
};

static const struct json_member http_members[] = {
    SYSTEM_MEMBER,
    IN_FLIGHT_MEMBER,
    {.name = "recipe", .kind = JSON_KIND_TEXT, .required = true, .minimum = 1, .maximum = 255},
    {.name = "url", .kind = JSON_KIND_URL, .required = true},
    {.name = "options", .kind = JSON_KIND_OBJECT},
    {.name = "ca_file", .kind = JSON_KIND_PATH, .nullable = true},
    {.name = "timeout_s", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 600},
};

bool
config_erp_stays_open(const char *system)
{
    for (const char *const *one = open_systems; system && *one; one++)
        if (strcmp(*one, system) == 0)
            return true;
    return false;
}

static bool
column_known(const char *name)
{
    for (const char *const *column = file_columns; name && *column; column++)
        if (strcmp(*column, name) == 0)
            return true;
    return false;
}

static void
check_columns(const json_t *erp, const struct json_location *location)
{
    const json_t *columns = json_object_get(erp, "columns");

    if (json_is_array(columns) && !json_array_size(columns))
        json_check_fault(location, "columns", "must name at least one column");
    for (size_t i = 0; i < json_array_size(columns); i++)
        if (!column_known(json_string_value(json_array_get(columns, i)))) {
            char index[24];
            const struct json_location inside = {location->file, "/erp/columns", location->faults};

            snprintf(index, sizeof index, "%zu", i);
            json_check_fault(&inside, index,
                             "must be one of workshop, worksheet, product_nr, product_amount, "
                             "uniqueid, placed_at");
        }
}

/* A file beside those of the orders, whose names end differently. */
static void
check_file(const json_t *erp, const struct json_location *location)
{
    const char *name = json_string_value(json_object_get(erp, "worksheets"));
    const char *kind = name ? strrchr(name, '.') : NULL;

    check_columns(erp, location);
    if (name && (strchr(name, '/') || *name == '.' || !kind || strcmp(kind, ".txt")))
        json_check_fault(location, "worksheets",
                         "must be the name of a file in the folder, such as "
                         "open-worksheets.txt");
}

/* The path of a Tryton URL is the database. */
static void
check_database(const json_t *erp, const struct json_location *location)
{
    const char *url = json_string_value(json_object_get(erp, "url"));
    const char *host = url ? strstr(url, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;

    if (host && (!path || !path[1]))
        json_check_fault(location, "url",
                         "must end with the database name, such as http://host:8000/DATABASE/");
}

#define TABLE(members)                                                                             \
    {                                                                                              \
        members, sizeof(members) / sizeof *(members)                                               \
    }

/* A new system is one row here. */
static const struct system_row {
    const char *system;
    struct json_table table;
    void (*check)(
        const json_t *erp,
        const struct json_location *location); /* checks beyond the members' kinds; or NULL */
    enum { NO_RECIPE, PAGE_RECIPE, API_RECIPE } follows;
    const char *recipe; /* the shipped one that it is a name for; NULL: erp.recipe names it */
} systems[] = {
    {"file", TABLE(file_members), check_file, NO_RECIPE, NULL},
    {"tryton", TABLE(tryton_members), check_database, API_RECIPE, "tryton"},
    {"webdriver", TABLE(webdriver_members), config_browser_check, PAGE_RECIPE, NULL},
    {"http", TABLE(http_members), NULL, API_RECIPE, NULL},
};

#define SYSTEM_COUNT (sizeof systems / sizeof *systems)

/* NULL: there is no such system. */
static const struct system_row *
system_find(const char *system)
{
    for (size_t i = 0; system && i < SYSTEM_COUNT; i++)
        if (strcmp(systems[i].system, system) == 0)
            return &systems[i];
    return NULL;
}

bool
config_erp_known(const char *system)
{
    return system_find(system) != NULL;
}

bool
config_erp_is_api(const char *system)
{
    const struct system_row *row = system_find(system);

    return row && row->follows == API_RECIPE;
}

const struct json_table *
config_erp_table(size_t i, const char **system)
{
    if (i == SYSTEM_COUNT)
        return NULL;
    *system = systems[i].system;
    return &systems[i].table;
}

static void
unknown_system(const char *system, const struct json_location *location)
{
    char names[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < SYSTEM_COUNT; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s\"%s\"", i ? ", " : "",
                                 systems[i].system);
    if (system)
        json_check_fault(location, "system", "must be one of %s", names);
    else
        json_check_fault(location, "system", "is missing");
}

void
config_erp_check(const json_t *erp, const char *file, struct json_faults *faults)
{
    const struct json_location location = {file, "/erp", faults};
    const char *system = json_string_value(json_object_get(erp, "system"));
    const struct system_row *row = system_find(system);

    if (!row) {
        unknown_system(system, &location);
        return;
    }
    json_check_members(erp, row->table.members, row->table.count, &location);
    if (row->check)
        row->check(erp, &location);
}

/* --- recipes --- */

/* A member as an option's text; NULL: it is not given. */
static json_t *
member_as_option(const json_t *value)
{
    char *number;
    json_t *text;

    if (!json_is_integer(value))
        return json_is_string(value) ? json_incref((json_t *)value) : NULL;
    number = mem_format("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    text = json_string(number);
    free(number);
    return text;
}

json_t *
config_erp_options(const json_t *erp, const json_t *recipe)
{
    const struct system_row *row = system_find(json_string_value(json_object_get(erp, "system")));
    json_t *options, *option;
    const char *name;

    if (!row || !row->recipe)
        return json_incref(json_object_get(erp, "options"));
    options = json_object();
    json_object_foreach(json_object_get(recipe, "options"), name, option)
    {
        json_object_set_new(options, name, member_as_option(json_object_get(erp, name)));
    }
    return options;
}

static void
check_options(const json_t *erp, const json_t *recipe, const char *file, struct json_faults *faults)
{
    json_t *options = config_erp_options(erp, recipe);

    if (!options || json_is_object(options))
        recipe_check_options(recipe, options, file, "/erp", faults);
    json_decref(options);
}

/* Whether the recipe is of the kind that the system follows. */
static bool
fits_system(const json_t *recipe, const struct system_row *row,
            const struct json_location *location)
{
    bool api = recipe_is_http(recipe);

    if (api == (row->follows == API_RECIPE))
        return true;
    json_check_fault(location, "recipe",
                     api ? "is a recipe for an HTTP API: system must be \"http\""
                         : "is a recipe for web pages: system must be \"webdriver\"");
    return false;
}

const char *
config_erp_recipe_name(const json_t *erp)
{
    const struct system_row *row = system_find(json_string_value(json_object_get(erp, "system")));

    if (!row || row->follows == NO_RECIPE)
        return NULL;
    return row->recipe ? row->recipe : json_string_value(json_object_get(erp, "recipe"));
}

static void
recipe_missing(const char *name, const char *recipes_dir, const struct json_location *location)
{
    struct similar similar = {.word = name};
    json_t *known = recipe_list(recipes_dir), *path;
    const char *one;

    json_object_foreach(known, one, path)
    {
        similar_try(&similar, one);
    }
    if (*name == '/')
        json_check_fault(location, "recipe", "cannot read the recipe %s", name);
    else if (similar.best)
        json_check_fault(location, "recipe", "recipe \"%s\" not found: did you mean \"%s\"?", name,
                         similar.best);
    else
        json_check_fault(location, "recipe",
                         "recipe \"%s\" not found: give a path, or the name of a recipe in "
                         "recipes_dir",
                         name);
    json_decref(known);
}

json_t *
config_erp_recipe(const json_t *erp, const char *recipes_dir, const char *file,
                  struct json_faults *faults)
{
    const struct json_location location = {file, "/erp", faults};
    const struct system_row *row = system_find(json_string_value(json_object_get(erp, "system")));
    const char *name = config_erp_recipe_name(erp);
    json_t *recipe;
    char *path;

    if (!row || !name)
        return NULL;
    path = recipe_find(recipes_dir, name);
    if (!path) {
        if (row->recipe)
            json_check_fault(&location, "system",
                             "the recipe of this name is neither in recipes_dir nor installed");
        else
            recipe_missing(name, recipes_dir, &location);
        return NULL;
    }
    recipe = recipe_read(path, faults);
    free(path);
    if (recipe && !fits_system(recipe, row, &location)) {
        json_decref(recipe);
        return NULL;
    }
    if (recipe)
        check_options(erp, recipe, file, faults);
    return recipe;
}

char *
config_erp_target(const json_t *erp)
{
    const char *url = json_string_value(json_object_get(erp, "url")), *path;
    struct host_pattern host;
    size_t length;

    if (!url)
        return NULL;
    host_pattern_of_url(url, &host);
    path = strchr(strstr(url, "://") + 3, '/');
    for (length = path ? strlen(path) : 0; length && path[length - 1] == '/';)
        length--;
    return mem_format("%s:%u%.*s/", host.host, host.port, (int)length, path ? path : "");
}
