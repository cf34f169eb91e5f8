/* A workshop's slice of the configuration, as its process gets it. */
#include <string.h>

#include "common/base/secret.h"
#include "common/config/neighbour.h"
#include "common/ipc/browser_kill.h"

static void
add_key(json_t *slice, const char *name, const struct workshop_config *workshop,
        const unsigned char *master_key)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);
    char *text = secret_alloc(2 * SECRET_KEY_BYTES + 1);

    secret_workshop_key(master_key, workshop->slug, key);
    secret_key_text(key, text);
    json_object_set_new(slice, name, json_string(text));
    secret_free(text);
    secret_free(key);
}

const char *
config_webdriver_url(const struct daemon_config *config, const struct workshop_config *workshop)
{
    const json_t *erp = json_object_get(workshop->document, "erp");
    const char *own = json_string_value(json_object_get(erp, "webdriver_url"));

    return own ? own : config->webdriver_url;
}

bool
config_webdriver_own(const struct daemon_config *config, const struct workshop_config *workshop)
{
    const json_t *erp = json_object_get(workshop->document, "erp");
    const json_t *browser = json_object_get(erp, "browser");
    const char *name = json_string_value(json_object_get(browser, "name"));

    return config_erp_stays_open(workshop->erp_system) && !config->webdriver_shared &&
           !json_is_string(json_object_get(erp, "webdriver_url")) &&
           !json_object_get(browser, "proxy") && (!name || strcmp(name, "chrome") == 0);
}

/* A worker by itself may run before the folder exists: then it has no mark, and no browser is
 * killed. */
static void
add_browser_mark(json_t *slice, const struct daemon_config *config,
                 const struct workshop_config *workshop)
{
    char mark[BROWSER_MARK_BYTES];
    struct err err;

    if (browser_mark(config->state_dir, workshop->slug, mark, &err) == 0)
        json_object_set_new(slice, "browser_mark", json_string(mark));
}

json_t *
config_slice(const struct daemon_config *config, const struct workshop_config *workshop,
             const unsigned char *master_key, bool worker_wanted)
{
    const char *neighbour = config_neighbour(config, workshop);
    json_t *slice =
        json_pack("{s:s s:s s:O s:s s:s s:s s:s}", "type", "config", "slug", workshop->slug,
                  "document", workshop->document, "state_dir", config->state_dir, "webdriver_url",
                  config_webdriver_url(config, workshop), "sandbox", config->sandbox, "worker",
                  worker_wanted ? "running" : "stopped");

    if (workshop->recipe)
        json_object_set(slice, "recipe", workshop->recipe);
    if (neighbour)
        json_object_set_new(slice, "neighbour", json_string(neighbour));
    if (config_erp_stays_open(workshop->erp_system))
        add_browser_mark(slice, config, workshop);
    add_key(slice, "key", workshop, master_key);
    return slice;
}

void
config_slice_old_key(json_t *slice, const struct workshop_config *workshop,
                     const unsigned char *old_master_key)
{
    add_key(slice, "old_key", workshop, old_master_key);
}

static bool
equal_but(const struct workshop_config *a, const struct workshop_config *b, const char *member)
{
    json_t *x = json_copy(a->document), *y = json_copy(b->document);
    bool equal;

    json_object_del(x, "active");
    json_object_del(y, "active");
    if (member) {
        json_object_del(x, member);
        json_object_del(y, member);
    }
    equal = strcmp(a->slug, b->slug) == 0 && json_equal(x, y) &&
            (a->recipe == b->recipe || json_equal(a->recipe, b->recipe));
    json_decref(x);
    json_decref(y);
    return equal;
}

bool
workshop_config_equal(const struct workshop_config *a, const struct workshop_config *b)
{
    return equal_but(a, b, NULL);
}

bool
workshop_config_equal_but_tokens(const struct workshop_config *a, const struct workshop_config *b)
{
    return equal_but(a, b, "api_tokens");
}
