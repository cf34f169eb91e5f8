/* pumpline.json and the folder of workshops, as one thing that is right or refused. */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/config_check.h"
#include "common/recipe.h"
#include "common/secret.h"

static const char *const sandbox_modes[] = {"required", "best-effort", "off", NULL};

static const struct config_member daemon_members[] = {
    {.name = "control_socket",
     .kind = CONFIG_TEXT,
     .minimum = 1,
     .maximum = sizeof(((struct sockaddr_un *)0)->sun_path) - 1},
    {.name = "control_group", .kind = CONFIG_TEXT, .nullable = true, .minimum = 1, .maximum = 63},
    {.name = "state_dir", .kind = CONFIG_TEXT, .minimum = 1, .maximum = CONFIG_PATH_MAX / 2},
    {.name = "workshops_dir", .kind = CONFIG_TEXT, .minimum = 1, .maximum = CONFIG_PATH_MAX / 2},
    {.name = "log_dir",
     .kind = CONFIG_TEXT,
     .nullable = true,
     .minimum = 1,
     .maximum = CONFIG_PATH_MAX / 2},
    {.name = "key_file", .kind = CONFIG_TEXT, .minimum = 1, .maximum = CONFIG_PATH_MAX / 2},
    {.name = "sandbox", .kind = CONFIG_CHOICE, .choices = sandbox_modes},
    {.name = "webdriver_url", .kind = CONFIG_URL, .nullable = true},
    {.name = "recipes_dir", .kind = CONFIG_TEXT, .minimum = 1, .maximum = CONFIG_PATH_MAX / 2},
};

/* A relative path counts from the folder of the file that names it. */
static void
take_path(const json_t *document, const char *name, const char *fallback, const char *folder,
          char *to)
{
    const char *path = json_string_value(json_object_get(document, name)) ?: fallback;

    if (*path == '/' || !*path)
        text_copy(to, CONFIG_PATH_MAX, path);
    else
        snprintf(to, CONFIG_PATH_MAX, "%s/%s", folder, path);
}

static void
load_daemon(struct daemon_config *config, const json_t *document, const char *path)
{
    char *copy = mem_string(path);
    const char *folder = dirname(copy);

    take_path(document, "control_socket", "/run/pumpline/control.sock", folder,
              config->control_socket);
    take_path(document, "state_dir", "/var/lib/pumpline", folder, config->state_dir);
    take_path(document, "workshops_dir", "/etc/pumpline/workshops.d", folder,
              config->workshops_dir);
    take_path(document, "log_dir", "", folder, config->log_dir);
    take_path(document, "recipes_dir", "/etc/pumpline/recipes", folder, config->recipes_dir);
    take_path(document, "key_file", "/etc/pumpline/master.key", folder, config->key_file);
    text_copy(config->control_group, sizeof config->control_group,
              json_string_value(json_object_get(document, "control_group")) ?: "");
    text_copy(config->sandbox, sizeof config->sandbox,
              json_string_value(json_object_get(document, "sandbox")) ?: "required");
    text_copy(config->webdriver_url, sizeof config->webdriver_url,
              json_string_value(json_object_get(document, "webdriver_url"))
                  ?: "http://127.0.0.1:9515");
    free(copy);
}

static int
is_workshop_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

static void
load_file(struct daemon_config *config, const char *name, struct config_faults *faults)
{
    char *file = mem_format("%s/%s", config->workshops_dir, name);
    char *slug = mem_format("%.*s", (int)(strlen(name) - 5), name);
    json_t *document = config_read_document(file, faults);

    if (document)
        config->workshops[config->workshop_count++] =
            workshop_config_read(slug, document, file, faults);
    json_decref(document);
    free(slug);
    free(file);
}

static void
load_folder(struct daemon_config *config, struct config_faults *faults)
{
    struct dirent **entries;
    int count = scandir(config->workshops_dir, &entries, is_workshop_file, alphasort);

    if (count < 0) {
        config_fault_add(faults, config->workshops_dir, "", "can't be read: %s", strerror(errno));
        return;
    }
    config->workshops = mem_alloc(sizeof *config->workshops * (size_t)count);
    for (int i = 0; i < count; i++) {
        load_file(config, entries[i]->d_name, faults);
        free(entries[i]);
    }
    free(entries);
}

static void
pair_fault(const struct daemon_config *config, const struct workshop_config *w,
           struct config_faults *faults, const char *member, const char *what,
           const struct workshop_config *other)
{
    char *file = mem_format("%s/%s.json", config->workshops_dir, w->slug);
    const struct config_place place = {file, "", faults};

    config_check_fault(&place, member, "%s %s", what, other->slug);
    free(file);
}

/* A request is routed by name or slug, and a port belongs to one: neither may be ambiguous. */
static void
check_pair(const struct daemon_config *config, const struct workshop_config *a,
           const struct workshop_config *b, struct config_faults *faults)
{
    if (a->port && a->port == b->port)
        pair_fault(config, b, faults, "listen", "its port is used by another workshop:", a);
    if (*a->name && strcmp(a->name, b->name) == 0)
        pair_fault(config, b, faults, "workshop", "is the name of another workshop too:", a);
    if (strcmp(a->name, b->slug) == 0 || strcmp(b->name, a->slug) == 0)
        pair_fault(config, b, faults, "workshop", "the name of one is the slug of the other:", a);
}

static void
check_together(const struct daemon_config *config, struct config_faults *faults)
{
    for (size_t i = 1; i < config->workshop_count; i++)
        for (size_t j = 0; j < i; j++)
            check_pair(config, config->workshops[j], config->workshops[i], faults);
}

struct daemon_config *
config_load(const char *path, struct config_faults *faults)
{
    const struct config_place root = {path, "", faults};
    struct daemon_config *config = mem_alloc(sizeof *config);
    json_t *document = config_read_document(path, faults);

    if (document && !json_is_object(document))
        config_fault_add(faults, path, "", "must be an object");
    else if (document) {
        config_check_members(document, daemon_members,
                             sizeof daemon_members / sizeof *daemon_members, &root);
        load_daemon(config, document, path);
        recipe_set_folder(config->recipes_dir);
        load_folder(config, faults);
        check_together(config, faults);
    }
    json_decref(document);
    if (!faults->count)
        return config;
    config_free(config);
    return NULL;
}

void
config_free(struct daemon_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->workshop_count; i++)
        workshop_config_free(config->workshops[i]);
    free(config->workshops);
    free(config);
}

struct workshop_config *
config_find(const struct daemon_config *config, const char *name_or_slug)
{
    for (size_t i = 0; i < config->workshop_count; i++)
        if (strcmp(config->workshops[i]->slug, name_or_slug) == 0 ||
            strcmp(config->workshops[i]->name, name_or_slug) == 0)
            return config->workshops[i];
    return NULL;
}

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

json_t *
config_slice(const struct daemon_config *config, const struct workshop_config *workshop,
             const unsigned char *master_key, bool worker_wanted)
{
    json_t *slice =
        json_pack("{s:s s:s s:O s:s s:s s:s s:s s:s}", "type", "config", "slug", workshop->slug,
                  "document", workshop->document, "state_dir", config->state_dir, "log_dir",
                  config->log_dir, "webdriver_url", config->webdriver_url, "sandbox",
                  config->sandbox, "worker", worker_wanted ? "running" : "stopped");

    if (workshop->recipe)
        json_object_set(slice, "recipe", workshop->recipe);
    add_key(slice, "key", workshop, master_key);
    return slice;
}

void
config_slice_old_key(json_t *slice, const struct workshop_config *workshop,
                     const unsigned char *old_master_key)
{
    add_key(slice, "old_key", workshop, old_master_key);
}
