/* The members of `erp` for each shipped system. The drivers read them; they are checked only here,
 * so that the supervisor can report every fault without knowing a driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/host_pattern.h"
#include "common/config/parts.h"
#include "common/recipe/browser_rules.h"
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

static const char *const browser_names[] = {"chrome", "firefox", NULL};

static const struct json_member browser_members[] = {
    {.name = "name", .kind = JSON_KIND_CHOICE, .choices = browser_names},
    {.name = "binary", .kind = JSON_KIND_PATH},
    {.name = "headless", .kind = JSON_KIND_BOOL},
    {.name = "arguments", .kind = JSON_KIND_ARRAY},
    {.name = "hosts", .kind = JSON_KIND_ARRAY},
    {.name = "proxy", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = 64},
    {.name = "preferences", .kind = JSON_KIND_OBJECT},
};

static const struct json_table *
browser_table(void)
{
    static const struct json_table all = {browser_members,
                                          sizeof browser_members / sizeof *browser_members};

    return &all;
}

static const struct json_member webdriver_members[] = {
    SYSTEM_MEMBER,
    /* One browser per workshop. */
    {.name = "max_in_flight", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 1},
    {.name = "recipe", .kind = JSON_KIND_TEXT, .required = true, .minimum = 1, .maximum = 255},
    {.name = "url", .kind = JSON_KIND_URL, .required = true},
    {.name = "webdriver_url", .kind = JSON_KIND_URL, .nullable = true},
    {.name = "options", .kind = JSON_KIND_OBJECT},
    {.name = "browser", .kind = JSON_KIND_OBJECT, .inside = browser_table},
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

/* Preferences of Chromium and Firefox that Pumpline answers for, by how their names begin. */
static const struct {
    const char *prefix, *why;
} kept_preferences[] = {
    {"credentials_enable", "browsers must not store passwords"},
    {"password_manager", "browsers must not store passwords"},
    {"profile.password_manager", "browsers must not store passwords"},
    {"signon.", "browsers must not store passwords"},
    {"autofill.", "browsers must not store form input"},
    {"browser.formfill.", "browsers must not store form input"},
    {"extensions.formautofill.", "browsers must not store form input"},
    {"proxy", "Pumpline controls what the browser may reach"},
    {"network.proxy", "Pumpline controls what the browser may reach"},
    {"net.network_prediction", "the browser must not prefetch or preconnect"},
    {"network.prefetch", "the browser must not prefetch or preconnect"},
    {"network.predictor", "the browser must not prefetch or preconnect"},
    {"network.dns.disablePrefetch", "the browser must not prefetch or preconnect"},
    {"network.http.", "Pumpline controls how the browser connects to the ERP"},
    {"media.peerconnection", "Pumpline controls how the browser connects to the ERP"},
    {"browser.urlbar.speculative", "the browser must not prefetch or preconnect"},
    {"intl.accept_languages", "set browser.language in the recipe instead"},
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

/* A name that stands for everything below it counts as well. NULL: the workshop may set it. */
static const char *
preference_kept(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof kept_preferences / sizeof *kept_preferences; i++) {
        const char *prefix = kept_preferences[i].prefix;

        if (strncasecmp(name, prefix, strlen(prefix)) == 0 ||
            (strncasecmp(prefix, name, length) == 0 && prefix[length] == '.'))
            return kept_preferences[i].why;
    }
    return NULL;
}

static void
check_preferences(const json_t *browser, const char *file, struct json_faults *faults)
{
    const struct json_location location = {file, "/erp/browser/preferences", faults};
    const char *name, *kept;
    json_t *value;

    json_object_foreach(json_object_get(browser, "preferences"), name, value)
    {
        kept = preference_kept(name);
        if (kept)
            json_check_fault(&location, name, "must not be set: %s", kept);
        else if (!json_is_string(value) && !json_is_integer(value) && !json_is_boolean(value))
            json_check_fault(&location, name, "must be a string, a whole number, true or false");
    }
}

static void
fault_in_list(const struct json_location *location, const char *name, size_t index,
              const char *text)
{
    char pointer[256], number[24];
    const struct json_location inside = {location->file, pointer, location->faults};

    snprintf(pointer, sizeof pointer, "%s/%s", location->pointer, name);
    snprintf(number, sizeof number, "%zu", index);
    json_check_fault(&inside, number, "%s", text);
}

static void
check_argument(const json_t *argument, size_t index, const struct json_location *location)
{
    const char *text = json_string_value(argument),
               *fault = text ? browser_argument_fault(text) : "must be a string";

    if (fault)
        fault_in_list(location, "arguments", index, fault);
}

static void
check_hosts(const json_t *hosts, const struct json_location *location)
{
    struct host_pattern pattern;
    const json_t *host;
    size_t i;

    json_array_foreach(hosts, i, host)
    {
        if (!json_is_string(host) || !host_pattern_parse(json_string_value(host), &pattern))
            fault_in_list(location, "hosts", i, HOST_PATTERN_FORM);
    }
}

static void
check_proxy(const char *address, const struct json_location *location)
{
    struct host_pattern pattern;

    if (address && (!strchr(address, ':') || !host_pattern_parse(address, &pattern) ||
                    !host_pattern_is_address(&pattern)))
        json_check_fault(
            location, "proxy",
            "must be a numeric address of this machine and a port, such as 10.0.0.5:3128");
}

static void
check_browser(const json_t *erp, const struct json_location *location)
{
    const struct json_location inside = {location->file, "/erp/browser", location->faults};
    const json_t *browser = json_object_get(erp, "browser"), *argument;
    size_t i;

    if (json_is_object(browser))
        json_check_members(browser, browser_table()->members, browser_table()->count, &inside);
    json_array_foreach(json_object_get(browser, "arguments"), i, argument)
        check_argument(argument, i, &inside);
    check_hosts(json_object_get(browser, "hosts"), &inside);
    check_proxy(json_string_value(json_object_get(browser, "proxy")), &inside);
    check_preferences(browser, location->file, location->faults);
}

void
config_erp_check_proxy(const json_t *erp, const char *webdriver_url, const char *file,
                       struct json_faults *faults)
{
    const struct json_location location = {file, "/erp/browser", faults};
    const char *system = json_string_value(json_object_get(erp, "system"));
    const json_t *proxy = json_object_get(json_object_get(erp, "browser"), "proxy");
    struct host_pattern host;

    if (!system || strcmp(system, "webdriver") || proxy || !strstr(webdriver_url, "://"))
        return;
    host_pattern_of_url(webdriver_url, &host);
    if (strcmp(host.host, "localhost") && strncmp(host.host, "127.", 4) && strcmp(host.host, "::1"))
        json_check_fault(&location, "proxy",
                         "is missing: the browser runs on another machine; name an address of "
                         "this machine that it can reach, and a port, such as 10.0.0.5:3128");
}

/* A new system is one row here. */
static const struct {
    const char *system;
    struct json_table table;
    void (*check)(
        const json_t *erp,
        const struct json_location *location); /* checks beyond the members' kinds; or NULL */
} systems[] = {
    {"file", {file_members, sizeof file_members / sizeof *file_members}, check_columns},
    {"tryton", {tryton_members, sizeof tryton_members / sizeof *tryton_members}, check_database},
    {"webdriver",
     {webdriver_members, sizeof webdriver_members / sizeof *webdriver_members},
     check_browser},
    {"http", {http_members, sizeof http_members / sizeof *http_members}, NULL},
};

#define SYSTEM_COUNT (sizeof systems / sizeof *systems)

bool
config_erp_known(const char *system)
{
    for (size_t i = 0; system && i < SYSTEM_COUNT; i++)
        if (strcmp(systems[i].system, system) == 0)
            return true;
    return false;
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

    for (size_t i = 0; system && i < SYSTEM_COUNT; i++) {
        if (strcmp(systems[i].system, system))
            continue;
        json_check_members(erp, systems[i].table.members, systems[i].table.count, &location);
        if (systems[i].check)
            systems[i].check(erp, &location);
        return;
    }
    unknown_system(system, &location);
}

json_t *
config_erp_recipe(const json_t *erp, const char *recipes_dir, const char *file,
                  struct json_faults *faults)
{
    const struct json_location location = {file, "/erp", faults};
    const char *name = json_string_value(json_object_get(erp, "recipe"));
    const char *system = json_string_value(json_object_get(erp, "system")) ?: "";
    char *path;
    json_t *recipe;

    if (!name || (strcmp(system, "webdriver") && strcmp(system, "http")))
        return NULL;
    path = recipe_find(recipes_dir, name);
    if (!path) {
        json_check_fault(&location, "recipe",
                         "recipe not found: give a path, or the name of a recipe in recipes_dir");
        return NULL;
    }
    recipe = recipe_read(path, faults);
    free(path);
    if (recipe && recipe_is_http(recipe) != (strcmp(system, "http") == 0)) {
        json_check_fault(&location, "recipe",
                         recipe_is_http(recipe)
                             ? "is a recipe for an HTTP API: system must be \"http\""
                             : "is a recipe for web pages: system must be \"webdriver\"");
        json_decref(recipe);
        return NULL;
    }
    if (recipe &&
        (json_is_object(json_object_get(erp, "options")) || !json_object_get(erp, "options")))
        recipe_check_options(recipe, json_object_get(erp, "options"), file, "/erp", faults);
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
