/* pumpline.json and the folder of workshops, as one thing that is right or refused. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/config_check.h"
#include "common/recipe.h"
#include "common/secret.h"
#include "common/sweep.h"

#define UID_LAST 0x7fffffff
#define UID_FIRST_DEFAULT 40000
#define UID_COUNT_DEFAULT 10000

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
    {.name = "http", .kind = CONFIG_OBJECT},
    {.name = "worker_uids", .kind = CONFIG_OBJECT},
    {.name = "recipes_dir", .kind = CONFIG_TEXT, .minimum = 1, .maximum = CONFIG_PATH_MAX / 2},
};

/* Those below 1000 are the system's own. */
static const struct config_member uid_members[] = {
    {.name = "first",
     .kind = CONFIG_INTEGER,
     .required = true,
     .minimum = 1000,
     .maximum = UID_LAST},
    {.name = "count", .kind = CONFIG_INTEGER, .required = true, .minimum = 1, .maximum = 1000000},
};

/* The whole file, in secret memory; NULL with errno. */
static char *
read_text(const char *path, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat file;
    char *text = NULL;
    ssize_t got = 1;

    *length = 0;
    if (fd >= 0 && fstat(fd, &file) == 0) {
        text = secret_alloc((size_t)file.st_size + 1);
        while (*length < (size_t)file.st_size && got > 0) {
            got = read(fd, text + *length, (size_t)file.st_size - *length);
            *length += got > 0 ? (size_t)got : 0;
        }
    }
    if (got < 0) {
        secret_free(text);
        text = NULL;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

json_t *
config_read_json(const char *path, json_error_t *error)
{
    size_t length;
    char *text = read_text(path, &length);
    json_t *document = NULL;

    error->line = -1;
    if (text)
        document = json_loadb(text, length, JSON_REJECT_DUPLICATES, error);
    secret_free(text);
    return document;
}

json_t *
config_read_document(const char *path, struct config_faults *faults)
{
    json_error_t error;
    json_t *document = config_read_json(path, &error);
    char *near;

    if (document)
        return document;
    /* The parser quotes the text near the fault: it may be a password. */
    near = strstr(error.text, " near ");
    if (near)
        *near = '\0';
    if (error.line < 1)
        config_fault_add(faults, path, "", "can't be read: %s", strerror(errno));
    else
        config_fault_add(faults, path, "", "line %d, column %d: %s", error.line, error.column,
                         error.text);
    return NULL;
}

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
load_uids(struct daemon_config *config, const json_t *document, const struct config_place *root)
{
    const struct config_place place = {root->file, "/worker_uids", root->faults};
    const json_t *uids = json_object_get(document, "worker_uids");

    config->uid_first = UID_FIRST_DEFAULT;
    config->uid_count = UID_COUNT_DEFAULT;
    if (!json_is_object(uids) || !config_check_members(uids, uid_members, 2, &place))
        return;
    config->uid_first = (uint32_t)json_integer_value(json_object_get(uids, "first"));
    config->uid_count = (uint32_t)json_integer_value(json_object_get(uids, "count"));
    if (config->uid_count - 1 > UID_LAST - config->uid_first)
        config_check_fault(&place, "count", "there are not so many users from first on");
}

static void
load_http(struct daemon_config *config, const json_t *document, const struct config_place *root)
{
    const struct config_place place = {root->file, "/http", root->faults};

    config_http_read(json_object_get(document, "http"), true, &config->http, &place);
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
            workshop_config_read(slug, document, NULL, file, faults);
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

/* Only here: a worker checks its document too, where it may no longer look users up. */
static void
check_user(const struct daemon_config *config, const struct workshop_config *w,
           struct config_faults *faults)
{
    char *file = mem_format("%s/%s.json", config->workshops_dir, w->slug);
    const struct config_place place = {file, "", faults};
    const struct passwd *user = w->user ? getpwnam(w->user) : NULL;

    if (w->user && !user)
        config_check_fault(&place, "user", "there is no such user");
    else if (user && (!user->pw_uid || !user->pw_gid))
        config_check_fault(&place, "user", "must be neither root nor of root's group");
    free(file);
}

static void
check_together(const struct daemon_config *config, struct config_faults *faults)
{
    for (size_t i = 0; i < config->workshop_count; i++)
        check_user(config, config->workshops[i], faults);
    for (size_t i = 1; i < config->workshop_count; i++)
        for (size_t j = 0; j < i; j++)
            check_pair(config, config->workshops[j], config->workshops[i], faults);
}

void
config_check_against(const struct daemon_config *config, const struct workshop_config *workshop,
                     struct config_faults *faults)
{
    check_user(config, workshop, faults);
    for (size_t i = 0; i < config->workshop_count; i++)
        if (strcmp(config->workshops[i]->slug, workshop->slug))
            check_pair(config, config->workshops[i], workshop, faults);
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
        load_uids(config, document, &root);
        load_http(config, document, &root);
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

char *
config_key_file(const char *path, struct err *err)
{
    struct config_faults faults = {0};
    struct daemon_config config = {0};
    json_t *document = config_read_document(path, &faults);
    bool found = json_is_object(document);

    if (found)
        load_daemon(&config, document, path);
    else
        err_set(err, "config", "%s: %s", path,
                faults.count ? faults.items[0].text : "must be an object");
    json_decref(document);
    config_faults_clear(&faults);
    return found ? mem_string(config.key_file) : NULL;
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

const char *
config_webdriver_url(const struct daemon_config *config, const struct workshop_config *workshop)
{
    const json_t *erp = json_object_get(workshop->document, "erp");
    const char *own = json_string_value(json_object_get(erp, "webdriver_url"));

    return own ? own : config->webdriver_url;
}

/* A worker by itself may come before the folder: then it has no mark, and no browser is swept. */
static void
add_browser_mark(json_t *slice, const struct daemon_config *config,
                 const struct workshop_config *workshop)
{
    char mark[SWEEP_MARK_BYTES];
    struct err err;

    if (sweep_mark(config->state_dir, workshop->slug, mark, &err) == 0)
        json_object_set_new(slice, "browser_mark", json_string(mark));
}

json_t *
config_slice(const struct daemon_config *config, const struct workshop_config *workshop,
             const unsigned char *master_key, bool worker_wanted)
{
    json_t *slice =
        json_pack("{s:s s:s s:O s:s s:s s:s s:s}", "type", "config", "slug", workshop->slug,
                  "document", workshop->document, "state_dir", config->state_dir, "webdriver_url",
                  config_webdriver_url(config, workshop), "sandbox", config->sandbox, "worker",
                  worker_wanted ? "running" : "stopped");

    if (workshop->recipe)
        json_object_set(slice, "recipe", workshop->recipe);
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
