/* What is tried, and as which user: if root runs it, as the workshop's user. */
#include "worker/dryrun/dryrun.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/config/config.h"
#include "common/config/key_file.h"
#include "common/config/uids.h"
#include "common/ipc/browser_kill.h"
#include "common/recipe/recipe.h"
#include "worker/allowlist.h"
#include "worker/dryrun/attempt.h"
#include "worker/dryrun/folder.h"
#include "worker/io/watchdog.h"

struct dryrun {
    json_t *request; /* as read from stdin */
    struct daemon_config *config;
    struct workshop_config *workshop;
    json_t *erp;
    struct credentials credentials;
    struct order order;
    struct pinned_path *pictures; /* the folder for screenshots */
    int folder, terminal;
    struct allowlist allowlist;
    char mark[BROWSER_MARK_BYTES]; /* of its browser: never that of the running workshop */
};

static const char *
request_text(const struct dryrun *t, const char *name)
{
    const char *text = json_string_value(json_object_get(t->request, name));

    return text ? text : "";
}

static int
refuse(int status, const char *words)
{
    fprintf(stderr, "%s\n", words);
    return status;
}

static int
refuse_faults(struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fprintf(stderr, "%s: %s%s%s\n", faults->items[i].file, faults->items[i].pointer,
                *faults->items[i].pointer ? ": " : "", faults->items[i].text);
    json_faults_clear(faults);
    return EX_CONFIG;
}

/* --- what is tried --- */

/* The key file is root's: it is read only if there is something to open with it. */
static int
open_credentials(struct dryrun *t, struct err *err)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES), *old_key = secret_alloc(SECRET_KEY_BYTES);
    struct master_keys keys = {.key = NULL};
    int result = 0;

    if (config_password_sealed(t->workshop))
        result = key_file_load(t->config->key_file, false, &keys, err);
    if (keys.key)
        secret_workshop_key(keys.key, t->workshop->slug, key);
    if (keys.old)
        secret_workshop_key(keys.old, t->workshop->slug, old_key);
    if (!result)
        result = config_credentials(t->workshop, keys.key ? key : NULL, keys.old ? old_key : NULL,
                                    &t->credentials, err);
    master_keys_clear(&keys);
    secret_free(key);
    secret_free(old_key);
    return result;
}

static int
load_credentials(struct dryrun *t)
{
    struct err err;

    if (*request_text(t, "username")) {
        t->credentials.username = secret_string(request_text(t, "username"));
        t->credentials.password = secret_string(request_text(t, "password"));
        return 0;
    }
    if (open_credentials(t, &err))
        return refuse(EX_NOPERM, err.text);
    return t->credentials.username
               ? 0
               : refuse(EX_CONFIG,
                        "the workshop has no credentials: use --username and --password-file");
}

static int
load_order(struct dryrun *t)
{
    json_t *order = json_object_get(t->request, "order");
    struct order_faults faults = {.code = ""};
    struct credentials none = {NULL, NULL};
    char *text;
    int status = 0;

    json_object_set_new(order, "workshop", json_string(t->workshop->name));
    text = json_dumps(order, JSON_REAL_PRECISION(15));
    if (!text ||
        order_parse(text, strlen(text), t->workshop->name, false, &t->order, &none, &faults)) {
        fprintf(stderr, "invalid order: %s\n", faults.detail);
        status = EX_DATAERR;
    }
    credentials_clear(&none);
    order_faults_clear(&faults);
    free(text);
    return status;
}

static bool
is_http(const struct dryrun *t)
{
    return config_erp_is_api(t->workshop->erp_system);
}

static void
check_recipe(const struct dryrun *t, const json_t *recipe, const json_t *options,
             struct json_faults *faults)
{
    const char *file = request_text(t, "recipe");

    if (recipe_is_http(recipe) != is_http(t)) {
        json_fault_add(faults, file, "", "a recipe for %s, but %s has erp.system \"%s\"",
                       is_http(t) ? "web pages" : "an HTTP API", t->workshop->name,
                       t->workshop->erp_system);
        return;
    }
    if (recipe_stores(recipe) && !json_object_get(t->request, "username"))
        json_fault_add(faults, file, "/login",
                       "stores a token, which only the worker keeps: this run would use it up. Try "
                       "it with other credentials (--username, --password-file)");
    recipe_check_options(recipe, options, t->workshop->slug, "/erp", faults);
}

/* The workshop's erp object with the recipe that is tried. */
static int
load_recipe(struct dryrun *t)
{
    const json_t *configured = json_object_get(t->workshop->document, "erp");
    struct json_faults faults = {NULL, 0};
    json_t *recipe = recipe_read(request_text(t, "recipe"), &faults), *browser;
    json_t *options = config_erp_options(configured, recipe);

    if (recipe)
        check_recipe(t, recipe, options, &faults);
    t->erp = json_deep_copy(configured);
    json_object_set_new(t->erp, "options", options);
    json_object_set_new(t->erp, "$recipe", recipe ? recipe : json_null());
    json_object_set_new(t->erp, "$webdriver_url",
                        json_string(config_webdriver_url(t->config, t->workshop)));
    json_object_set_new(t->erp, "$slug", json_string(t->workshop->slug));
    json_object_set_new(t->erp, "$browser_mark", json_string(t->mark));
    if (json_is_true(json_object_get(t->request, "show"))) {
        browser = json_object_get(t->erp, "browser");
        if (!browser)
            json_object_set_new(t->erp, "browser", browser = json_object());
        json_object_set_new(browser, "headless", json_false());
    }
    return faults.count ? refuse_faults(&faults) : 0;
}

static int
load(struct dryrun *t)
{
    struct json_faults faults = {NULL, 0};
    struct err err;
    int status;

    t->request = json_loadf(stdin, 0, NULL);
    t->config = config_load_each(request_text(t, "config"), &faults);
    if (!t->config)
        return refuse_faults(&faults);
    t->workshop = config_find(t->config, request_text(t, "workshop"));
    if (t->workshop && t->workshop->faults.count)
        return refuse_faults(&t->workshop->faults);
    if (!t->workshop) {
        err_set(&err, "config", "no workshop \"%s\" in %s", request_text(t, "workshop"),
                request_text(t, "config"));
        return refuse(EX_CONFIG, err.text);
    }
    if (strcmp(t->workshop->erp_system, "webdriver") && !is_http(t))
        return refuse(EX_CONFIG, "the workshop's erp.system does not use a recipe");
    status = load_recipe(t);
    status = status ? status : load_order(t);
    return status ? status : load_credentials(t);
}

/* --- the user --- */

/* The user that the workshop's process has, or would get. */
static int
find_user(const struct dryrun *t, struct sandbox_setup *setup, struct err *err)
{
    struct uids *uids = uids_new(t->config->state_dir);
    int result = uids_take(uids, t->config, t->workshop, &setup->uid, &setup->gid, err);

    uids_free(uids);
    return result;
}

/* Opens what its user cannot; then it has only a worker's rights. */
static int
shut_in(struct dryrun *t, struct err *err)
{
    struct sandbox_setup setup = {.mode = t->config->sandbox};
    json_t *slice = json_pack("{s:{s:O} s:O s:O}", "document", "erp", t->erp, "webdriver_url",
                              json_object_get(t->erp, "$webdriver_url"), "recipe",
                              json_object_get(t->erp, "$recipe"));
    int result = allowlist_erp(&t->allowlist, &setup, slice, err);

    json_decref(slice);
    if (result || find_user(t, &setup, err))
        return -1;
    t->folder = dryrun_folder_open(request_text(t, "folder"), setup.uid, setup.gid, err);
    if (t->folder < 0)
        return -1;
    t->pictures = pinned_path_open(request_text(t, "folder"));
    setup.paths[setup.path_count++] = (struct sandbox_path){t->pictures, SANDBOX_WRITE};
    if (json_is_true(json_object_get(t->request, "show")))
        t->terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC);
    return sandbox_enter(&setup, err);
}

static int
run(struct dryrun *t, struct event_base *base)
{
    char *title = mem_format("%s: order %s on worksheet %s", request_text(t, "recipe"),
                             t->order.uniqueid, t->order.worksheet);
    const struct pinned_path *ca_file = t->allowlist.ca_file;
    struct dryrun_attempt setup = {.base = base,
                                   .driver = erp_driver_find(t->workshop->erp_system),
                                   .url = json_string_value(json_object_get(t->erp, "url")),
                                   .options = json_object_get(t->erp, "options"),
                                   .workshop = t->workshop->name,
                                   .title = title,
                                   .order = &t->order,
                                   .auth = &t->credentials,
                                   .until = request_text(t, "until"),
                                   .folder = t->folder,
                                   .folder_path = request_text(t, "folder"),
                                   .terminal = t->terminal};
    int status;

    printf("uniqueid %s\n", t->order.uniqueid);
    setup.http = http_new(base, ca_file ? ca_file->path : NULL, t->allowlist.ca);
    setup.proxy = allowlist_proxy(&t->allowlist, base);
    json_object_set_new(t->erp, "$proxy", json_string(t->allowlist.proxy_address));
    setup.session = setup.driver->session_new(t->erp);
    status = dryrun_attempt(&setup);
    setup.driver->session_free(setup.session);
    http_free(setup.http);
    proxy_free(setup.proxy);
    printf(is_http(t) ? "the dialogue is in %s: run.html shows it\n"
                      : "screenshots are in %s: run.html shows them\n",
           request_text(t, "folder"));
    free(title);
    return status;
}

static void
close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

int
dryrun_run(struct event_base *base)
{
    struct dryrun t = {.folder = -1, .terminal = -1, .allowlist = ALLOWLIST_NOTHING};
    struct err err;
    int watchdog, status;

    browser_mark_new(t.mark);
    watchdog = watchdog_start(t.mark);
    status = load(&t);
    if (!status && shut_in(&t, &err))
        status = refuse(EX_NOPERM, err.text);
    if (status)
        watchdog_dismiss(watchdog);
    else
        status = run(&t, base);
    pinned_path_close(t.pictures);
    close_fd(t.folder);
    close_fd(t.terminal);
    allowlist_close(&t.allowlist);
    credentials_clear(&t.credentials);
    json_decref(t.erp);
    json_decref(t.request);
    config_free(t.config);
    return status;
}
