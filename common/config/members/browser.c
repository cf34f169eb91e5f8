/* The browser of a workshop whose ERP has only a web page: the member `erp.browser`. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/host_pattern.h"
#include "common/config/parts.h"
#include "common/recipe/browser_rules.h"

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

const struct json_table *
config_browser_table(void)
{
    static const struct json_table all = {browser_members,
                                          sizeof browser_members / sizeof *browser_members};

    return &all;
}

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

void
config_browser_check(const json_t *erp, const struct json_location *location)
{
    const struct json_location inside = {location->file, "/erp/browser", location->faults};
    const json_t *browser = json_object_get(erp, "browser"), *argument;
    size_t i;

    if (json_is_object(browser))
        json_check_members(browser, browser_members,
                           sizeof browser_members / sizeof *browser_members, &inside);
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
