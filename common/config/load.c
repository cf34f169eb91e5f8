/* pumpline.json and the folder of workshops, accepted or refused as a whole. */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/base/text_value.h"
#include "common/config/parts.h"
#include "common/json/file.h"

#define UID_LAST 0x7fffffff
#define UID_FIRST_DEFAULT 40000
#define UID_COUNT_DEFAULT 10000

static const char *const sandbox_modes[] = {"required", "best-effort", "off", NULL};

/* Users below 1000 are system users. */
static const struct json_member uid_members[] = {
    {.name = "first",
     .kind = JSON_KIND_INTEGER,
     .required = true,
     .minimum = 1000,
     .maximum = UID_LAST},
    {.name = "count",
     .kind = JSON_KIND_INTEGER,
     .required = true,
     .minimum = 1,
     .maximum = 1000000},
};

static const struct json_table *
uid_table(void)
{
    static const struct json_table all = {uid_members, 2};

    return &all;
}

static const struct json_member daemon_members[] = {
    {.name = "$schema", .kind = JSON_KIND_TEXT},
    {.name = "control_socket",
     .kind = JSON_KIND_TEXT,
     .minimum = 1,
     .maximum = sizeof(((struct sockaddr_un *)0)->sun_path) - 1},
    {.name = "control_group",
     .kind = JSON_KIND_TEXT,
     .nullable = true,
     .minimum = 1,
     .maximum = 63},
    {.name = "state_dir", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = JSON_PATH_MAX / 2},
    {.name = "workshops_dir", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = JSON_PATH_MAX / 2},
    {.name = "log_dir",
     .kind = JSON_KIND_TEXT,
     .nullable = true,
     .minimum = 1,
     .maximum = JSON_PATH_MAX / 2},
    {.name = "key_file", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = JSON_PATH_MAX / 2},
    {.name = "sandbox", .kind = JSON_KIND_CHOICE, .choices = sandbox_modes},
    {.name = "webdriver_url", .kind = JSON_KIND_URL, .nullable = true},
    {.name = "http", .kind = JSON_KIND_OBJECT, .inside = config_http_table},
    {.name = "worker_uids", .kind = JSON_KIND_OBJECT, .inside = uid_table},
    {.name = "allowed_users", .kind = JSON_KIND_ARRAY},
    {.name = "recipes_dir", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = JSON_PATH_MAX / 2},
};

const struct json_table *
config_daemon_table(void)
{
    static const struct json_table all = {daemon_members,
                                          sizeof daemon_members / sizeof *daemon_members};

    return &all;
}

/* A relative path is relative to the folder of the file that names it. */
static void
take_path(const json_t *document, const char *name, const char *fallback, const char *folder,
          char *to)
{
    const char *path = json_string_value(json_object_get(document, name)) ?: fallback;

    if (*path == '/' || !*path)
        text_copy(to, JSON_PATH_MAX, path);
    else
        snprintf(to, JSON_PATH_MAX, "%s/%s", folder, path);
}

static void
load_uids(struct daemon_config *config, const json_t *document, const struct json_location *root)
{
    const struct json_location location = {root->file, "/worker_uids", root->faults};
    const json_t *uids = json_object_get(document, "worker_uids");

    config->uid_first = UID_FIRST_DEFAULT;
    config->uid_count = UID_COUNT_DEFAULT;
    if (!json_is_object(uids) || !json_check_members(uids, uid_members, 2, &location))
        return;
    config->uid_first = (uint32_t)json_integer_value(json_object_get(uids, "first"));
    config->uid_count = (uint32_t)json_integer_value(json_object_get(uids, "count"));
    if (config->uid_count - 1 > UID_LAST - config->uid_first)
        json_check_fault(&location, "count", "first + count exceeds the highest user id");
}

static void
load_users(struct daemon_config *config, const json_t *document, const struct json_location *root)
{
    const struct json_location location = {root->file, "/allowed_users", root->faults};
    json_t *users = json_object_get(document, "allowed_users");
    char index[24];

    config->allowed_users = json_is_array(users) ? json_incref(users) : NULL;
    for (size_t i = 0; i < json_array_size(config->allowed_users); i++)
        if (!*(json_string_value(json_array_get(users, i)) ?: "")) {
            snprintf(index, sizeof index, "%zu", i);
            json_check_fault(&location, index, "must be a user name");
        }
}

static void
load_http(struct daemon_config *config, const json_t *document, const struct json_location *root)
{
    const struct json_location location = {root->file, "/http", root->faults};

    config_http_read(json_object_get(document, "http"), true, &config->http, &location);
}

static void
load_daemon(struct daemon_config *config, const json_t *document, const char *path)
{
    char *copy = mem_string(path), real[PATH_MAX];
    const char *folder = dirname(copy);

    /* A worker has another working directory. */
    if (*folder != '/' && realpath(folder, real))
        folder = real;
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
    config->webdriver_shared = json_is_string(json_object_get(document, "webdriver_url"));
    free(copy);
}

static int
is_workshop_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Defaults that hold whatever the file says. */
static void
settle_faulty(struct workshop_config *w)
{
    text_clean(w->slug);
    if (!json_is_object(w->document)) {
        json_decref(w->document);
        w->document = json_object();
    }
    text_clean(w->name);
    if (!*w->name)
        text_copy(w->name, sizeof w->name, w->slug);
    if (!config_erp_known(w->erp_system))
        w->erp_system = NULL;
}

static struct workshop_config *
load_file(const struct daemon_config *config, const char *file, const char *slug)
{
    struct json_faults faults = {0};
    json_t *document = json_file_document(file, &faults);
    struct workshop_config *w;

    if (document) {
        w = workshop_config_read(slug, document, NULL, config->recipes_dir, file, &faults);
    } else {
        w = mem_alloc(sizeof *w);
        w->active = true;
        text_copy(w->slug, sizeof w->slug, slug);
    }
    json_decref(document);
    w->faults = faults;
    if (faults.count)
        settle_faulty(w);
    return w;
}

static void
load_folder(struct daemon_config *config, struct json_faults *faults)
{
    struct dirent **entries;
    int count = scandir(config->workshops_dir, &entries, is_workshop_file, alphasort);

    if (count < 0) {
        json_fault_add(faults, config->workshops_dir, "", "cannot read: %s", strerror(errno));
        return;
    }
    config->workshops = mem_alloc(sizeof *config->workshops * (size_t)count);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char *file = mem_format("%s/%s", config->workshops_dir, name);
        char *slug = mem_format("%.*s", (int)(strlen(name) - 5), name);

        config->workshops[config->workshop_count++] = load_file(config, file, slug);
        free(slug);
        free(file);
        free(entries[i]);
    }
    free(entries);
}

struct daemon_config *
config_load_each(const char *path, struct json_faults *faults)
{
    const struct json_location root = {path, "", faults};
    struct daemon_config *config = mem_alloc(sizeof *config);
    json_t *document = json_file_document(path, faults);

    if (document && !json_is_object(document))
        json_fault_add(faults, path, "", "must be an object");
    else if (document) {
        json_check_members(document, config_daemon_table()->members, config_daemon_table()->count,
                           &root);
        load_daemon(config, document, path);
        load_uids(config, document, &root);
        load_users(config, document, &root);
        load_http(config, document, &root);
        load_folder(config, faults);
        config_check_together(config);
    }
    json_decref(document);
    if (!faults->count)
        return config;
    /* All faults are reported at once. */
    for (size_t i = 0; i < config->workshop_count; i++)
        json_faults_add(faults, &config->workshops[i]->faults);
    config_free(config);
    return NULL;
}

struct daemon_config *
config_load(const char *path, struct json_faults *faults)
{
    struct daemon_config *config = config_load_each(path, faults);

    for (size_t i = 0; config && i < config->workshop_count; i++)
        json_faults_add(faults, &config->workshops[i]->faults);
    if (!faults->count)
        return config;
    config_free(config);
    return NULL;
}

int
config_paths(const char *path, struct daemon_config *config, struct err *err)
{
    struct json_faults faults = {0};
    json_t *document = json_file_document(path, &faults);
    bool found = json_is_object(document);

    *config = (struct daemon_config){.workshops = NULL};
    if (found)
        load_daemon(config, document, path);
    else
        err_set(err, "config", "%s: %s", path,
                faults.count ? faults.items[0].text : "must be an object");
    json_decref(document);
    json_faults_clear(&faults);
    return found ? 0 : -1;
}

void
config_free(struct daemon_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->workshop_count; i++)
        workshop_config_free(config->workshops[i]);
    free(config->workshops);
    json_decref(config->allowed_users);
    free(config);
}

struct workshop_config *
config_find(const struct daemon_config *config, const char *name_or_slug)
{
    char *wanted = text_nfc(name_or_slug);
    struct workshop_config *found = NULL;

    for (size_t i = 0; i < config->workshop_count && !found; i++)
        if (strcmp(config->workshops[i]->slug, wanted) == 0 ||
            strcmp(config->workshops[i]->name, wanted) == 0)
            found = config->workshops[i];
    free(wanted);
    return found;
}
