/* From a configuration to a sandboxed process with its queue open. */
#include "worker/setup.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/recipe/recipe.h"
#include "common/sandbox/sandbox.h"
#include "worker/io/files.h"
#include "worker/io/http.h"
#include "worker/io/names.h"
#include "worker/io/own_driver.h"
#include "worker/queue/queue.h"
#include "worker/salvage/salvage.h"
#include "worker/store/folder.h"

const char *
setup_text(const json_t *slice, const char *name)
{
    const char *text = json_string_value(json_object_get(slice, name));

    return text ? text : "";
}

bool
setup_is_maintenance(const json_t *slice)
{
    return json_is_true(json_object_get(slice, "maintenance"));
}

bool
setup_reads(const json_t *slice)
{
    return json_is_true(json_object_get(slice, "reads"));
}

/* The erp object, plus what the daemon adds: no configuration has members of these names. */
static json_t *
driver_setup(const struct worker *w, const json_t *slice)
{
    static const char *const added[][2] = {{"slug", "$slug"},
                                           {"webdriver_url", "$webdriver_url"},
                                           {"recipe", "$recipe"},
                                           {"browser_mark", "$browser_mark"},
                                           {"neighbour", "$neighbour"}};
    json_t *erp = json_copy(json_object_get(w->workshop->document, "erp"));

    for (size_t i = 0; i < sizeof added / sizeof *added; i++)
        json_object_set(erp, added[i][1], json_object_get(slice, added[i][0]));
    json_object_set_new(erp, "options", config_erp_options(erp, json_object_get(slice, "recipe")));
    return erp;
}

/* Once in the life of a process. */
static void
warn_unproven(const json_t *recipe)
{
    if (recipe_is_http(recipe) && !json_is_string(json_object_get(recipe, "proven_with")))
        log_warning("this recipe has not been tested with an ERP (proven_with): try it with "
                    "pumplinectl recipe run, and check its first lines in the ERP");
}

static unsigned char *
slice_key(const json_t *slice, const char *name)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);

    if (secret_key_parse(setup_text(slice, name), key) == 0)
        return key;
    secret_free(key);
    return NULL;
}

/* Maintenance uses no credentials: it must be possible even if they cannot be opened. */
static int
open_credentials(struct worker *w, const json_t *slice, struct err *err)
{
    if (setup_is_maintenance(slice))
        return 0;
    if (config_credentials(w->workshop, w->key, w->old_key, &w->credentials, err))
        return -1;
    if (!w->workshop->callback_url)
        return 0;
    w->callback_secret = config_callback_secret(w->workshop, w->key, w->old_key, err);
    return w->callback_secret ? 0 : -1;
}

/* Two machines must never deliver from one queue; looking at it is harmless. */
static int
check_moved_out(const struct workshop_config *workshop, const json_t *slice, struct err *err)
{
    bool looks = setup_is_maintenance(slice) || setup_reads(slice);
    char *moved = looks ? NULL : config_moved_out(workshop->document);
    int result = moved ? err_set(err, "config", "%s", moved) : 0;

    free(moved);
    return result;
}

int
setup_load(struct worker *w, const json_t *slice, struct err *err)
{
    struct json_faults faults = {NULL, 0};

    if (*setup_text(slice, "refuse"))
        return err_set(err, "config", "%s", setup_text(slice, "refuse"));
    w->workshop = workshop_config_of_slice(slice, &faults);
    if (!w->workshop) {
        err_set(err, "config", "%s %s", faults.items[0].pointer, faults.items[0].text);
        json_faults_clear(&faults);
        return -1;
    }
    if (check_moved_out(w->workshop, slice, err))
        return -1;
    w->driver = erp_driver_find(w->workshop->erp_system);
    if (!w->driver)
        return err_set(err, "config", "unknown ERP system %s", w->workshop->erp_system);
    w->erp = driver_setup(w, slice);
    if (!setup_reads(slice))
        warn_unproven(json_object_get(slice, "recipe"));
    w->key = slice_key(slice, "key");
    w->old_key = slice_key(slice, "old_key");
    if (!w->key)
        return err_set(err, "config", "the workshop's key is missing");
    return open_credentials(w, slice, err);
}

static void
forget_old_key(struct worker *w)
{
    w->rekeyed = w->old_key && queue_rekeyed(w->queue);
    if (w->rekeyed) {
        secret_free(w->old_key);
        w->old_key = NULL;
    }
}

static long
slice_number(const json_t *slice, const char *name)
{
    return (long)json_integer_value(json_object_get(slice, name));
}

/* Created and handed over. From here on it is the working directory. */
static int
take_folder(struct worker *w, const json_t *slice, struct sandbox_setup *setup, struct err *err)
{
    char *folder = *setup_text(slice, "queue")
                       ? folder_take_over(setup_text(slice, "queue"), setup->uid, setup->gid, err)
                       : folder_prepare(setup_text(slice, "state_dir"), w->workshop->slug,
                                        setup->uid, setup->gid, err);
    int result = folder ? folder_enter(folder, err) : -1;

    if (result == 0) {
        w->folder = pinned_path_open(folder);
        setup->paths[setup->path_count++] = (struct sandbox_path){w->folder, SANDBOX_OWN};
    }
    free(folder);
    return result;
}

/* Opens what only the original user can; then it gives up what it does not need. */
int
setup_shut_in(struct worker *w, const json_t *slice, struct err *err)
{
    struct sandbox_setup setup = {.mode = setup_text(slice, "sandbox"),
                                  .uid = (uid_t)slice_number(slice, "uid"),
                                  .gid = (gid_t)slice_number(slice, "gid"),
                                  .supervisor_pid = (pid_t)slice_number(slice, "supervisor_pid")};

    if (take_folder(w, slice, &setup, err))
        return -1;
    /* By itself: a supervisor opens the logs for its workers. */
    if (!setup.supervisor_pid && *setup_text(slice, "log_dir")) {
        w->log_dir = pinned_path_open(setup_text(slice, "log_dir"));
        setup.paths[setup.path_count++] = (struct sandbox_path){w->log_dir, SANDBOX_APPEND};
    }
    if (!setup_reads(slice) &&
        (!setup_is_maintenance(slice) || config_erp_stays_open(w->workshop->erp_system)) &&
        allowlist_erp(&w->allowlist, &setup, slice, err))
        return -1;
    if (!setup_is_maintenance(slice) && allowlist_callback(&setup, slice, err))
        return -1;
    setup.names = setup.names && !w->events.resolve;
    if (sandbox_enter(&setup, err))
        return -1;
    allowlist_check(&w->allowlist);
    return 0;
}

int
setup_open_queue(struct worker *w, struct err *err)
{
    const struct queue_keys keys = {w->key, w->old_key};

    if (salvage_check(".", w->workshop->queue_max_mib, &keys, err) == 0)
        w->queue = queue_open(".", w->workshop->queue_max_mib, &keys, err);
    if (w->queue)
        forget_old_key(w);
    return w->queue ? sandbox_alone(err) : -1;
}

/* The members that tell which ERP a reference belongs to. */
int
setup_erp(struct worker *w, struct err *err)
{
    static const char *const members[] = {"system", "url", "folder", "recipe"};
    json_t *erp = json_object();
    char *text;
    int result;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_object_set(erp, members[i], json_object_get(w->erp, members[i]));
    text = json_dumps(erp, JSON_COMPACT);
    result = text ? queue_set_erp(w->queue, text, err) : 0;
    free(text);
    json_decref(erp);
    if (result == 0)
        return 0;
    /* A full disk must not keep it from serving. */
    log_warning("the index of ERP references is incomplete: %s", err->text);
    return queue_broken(w->queue) ? -1 : 0;
}

static void
on_browser(int fd, void *arg)
{
    const struct worker *w = arg;

    proxy_listens(w->proxy, fd);
}

static void
start_browsers(struct worker *w)
{
    if (!w->proxy || w->allowlist.driver_fd < 0)
        return;
    w->own_driver = own_driver_new(w->base, w->allowlist.driver_fd, on_browser, w);
    w->allowlist.driver_fd = -1;
    http_use_driver(w->http, w->own_driver);
}

void
setup_io(struct worker *w)
{
    const struct pinned_path *ca_file = w->allowlist.ca_file;

    files_use(w->allowlist.folder);
    w->http = http_new(w->base, ca_file ? ca_file->path : NULL, w->allowlist.ca);
    if (w->events.resolve)
        w->names = names_new(w->base, w->events.resolve, w->events.arg);
    http_use_names(w->http, w->names);
    http_use_hosts(w->http, w->allowlist.servers, w->allowlist.server_count);
    w->browser_killer = browser_killer_new(w->base, w->events.kill_browsers, w->events.arg);
    w->proxy = allowlist_proxy(&w->allowlist, w->base);
    proxy_use_names(w->proxy, w->names);
    if (w->proxy)
        json_object_set_new(w->erp, "$proxy", json_string(w->allowlist.proxy_address));
    start_browsers(w);
}

void
setup_free_io(struct worker *w)
{
    browser_killer_free(w->browser_killer);
    proxy_free(w->proxy);
    http_free(w->http);
    own_driver_free(w->own_driver);
    names_free(w->names);
}

struct delivery_setup
setup_delivery(const struct worker *w)
{
    return (struct delivery_setup){.base = w->base,
                                   .queue = w->queue,
                                   .http = w->http,
                                   .browser_killer = w->browser_killer,
                                   .proxy = w->proxy,
                                   .workshop = w->workshop,
                                   .erp = w->erp,
                                   .driver = w->driver,
                                   .credentials = &w->credentials};
}

void
setup_free(struct worker *w)
{
    credentials_clear(&w->credentials);
    secret_free(w->callback_secret);
    secret_free(w->key);
    secret_free(w->old_key);
    json_decref(w->erp);
    files_use(NULL);
    allowlist_close(&w->allowlist);
    workshop_config_free(w->workshop);
}
