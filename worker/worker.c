/* Putting the parts together, and taking them apart in order. */
#include "worker/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/http/server.h"
#include "worker/allowlist.h"
#include "worker/api/api.h"
#include "worker/delivery/delivery.h"
#include "worker/delivery/evidence.h"
#include "worker/drain.h"
#include "worker/io/files.h"
#include "worker/io/http.h"
#include "worker/io/names.h"
#include "worker/io/own_driver.h"
#include "worker/queue/folder.h"
#include "worker/queue/queue.h"
#include "worker/queue/salvage.h"
#include "worker/sandbox/sandbox.h"

#define EXPIRE_FIRST_MS 5000
#define EXPIRE_NEXT_MS 600000
#define EXPIRE_ORDERS 200 /* in one transaction, so that no client waits long */
#define BROKEN_MS 1000    /* for the replies under way */
#define WATCH_MS 2000
#define DAY_MS 86400000LL

struct worker {
    struct event_base *base;
    struct worker_events events;
    struct workshop_config *workshop;
    const struct erp_driver *driver;
    json_t *erp; /* the driver's setup */
    struct credentials credentials;
    unsigned char *key, *old_key; /* old_key NULL: no rekey is under way, or it is done here */
    bool rekeyed;
    struct pinned_path *folder, *log_dir; /* the queue's; only by itself */
    struct allowlist allowlist;
    struct queue *queue;
    struct http *http;
    struct names *names; /* NULL: libcurl resolves them */
    struct browser_killer *browser_killer;
    struct proxy *proxy;           /* NULL: the ERP needs no browser */
    struct own_driver *own_driver; /* NULL: its URL says where it is */
    struct delivery *delivery;
    struct api *api;
    struct http_server *server;
    struct drain drain;
    struct event *expire, *watch;
    bool unsure;   /* the disk has another time: said once */
    bool outdated; /* stops because of that */
};

static const char *
slice_text(const json_t *slice, const char *name)
{
    const char *text = json_string_value(json_object_get(slice, name));

    return text ? text : "";
}

static bool
is_maintenance(const json_t *slice)
{
    return json_is_true(json_object_get(slice, "maintenance"));
}

/* The erp object, and beside it what the daemon adds: no configuration has members of such names.
 */
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
    return erp;
}

static unsigned char *
slice_key(const json_t *slice, const char *name)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);

    if (secret_key_parse(slice_text(slice, name), key) == 0)
        return key;
    secret_free(key);
    return NULL;
}

/* Maintenance asks no ERP: it must be possible where the credentials can't be opened. */
static int
open_credentials(struct worker *w, const json_t *slice, struct err *err)
{
    if (is_maintenance(slice))
        return 0;
    return config_credentials(w->workshop, w->key, w->old_key, &w->credentials, err);
}

static int
load_slice(struct worker *w, const json_t *slice, struct err *err)
{
    struct config_faults faults = {NULL, 0};

    if (*slice_text(slice, "refuse"))
        return err_set(err, "config", "%s", slice_text(slice, "refuse"));
    w->workshop = workshop_config_of_slice(slice, &faults);
    if (!w->workshop) {
        err_set(err, "config", "%s %s", faults.items[0].pointer, faults.items[0].text);
        config_faults_clear(&faults);
        return -1;
    }
    w->driver = erp_driver_find(w->workshop->erp_system);
    if (!w->driver)
        return err_set(err, "config", "no driver for the ERP system %s", w->workshop->erp_system);
    w->erp = driver_setup(w, slice);
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

/* Made and handed over. From here on it is the working directory. */
static int
take_folder(struct worker *w, const json_t *slice, struct sandbox_setup *setup, struct err *err)
{
    char *folder = *slice_text(slice, "queue")
                       ? folder_take_over(slice_text(slice, "queue"), setup->uid, setup->gid, err)
                       : folder_prepare(slice_text(slice, "state_dir"), w->workshop->slug,
                                        setup->uid, setup->gid, err);
    int result = folder ? folder_enter(folder, err) : -1;

    if (result == 0) {
        w->folder = pinned_path_open(folder);
        setup->paths[setup->path_count++] = (struct sandbox_path){w->folder, SANDBOX_OWN};
    }
    free(folder);
    return result;
}

/* What only who the process was can open; then it gives up what it does not need. */
static int
shut_in(struct worker *w, const json_t *slice, struct err *err)
{
    struct sandbox_setup setup = {.mode = slice_text(slice, "sandbox"),
                                  .uid = (uid_t)slice_number(slice, "uid"),
                                  .gid = (gid_t)slice_number(slice, "gid"),
                                  .supervisor_pid = (pid_t)slice_number(slice, "supervisor_pid")};

    if (take_folder(w, slice, &setup, err))
        return -1;
    /* By itself: a supervisor opens the logs for its workers. */
    if (!setup.supervisor_pid && *slice_text(slice, "log_dir")) {
        w->log_dir = pinned_path_open(slice_text(slice, "log_dir"));
        setup.paths[setup.path_count++] = (struct sandbox_path){w->log_dir, SANDBOX_APPEND};
    }
    if ((!is_maintenance(slice) || config_erp_stays_open(w->workshop->erp_system)) &&
        allowlist_erp(&w->allowlist, &setup, slice, err))
        return -1;
    setup.names = setup.names && !w->events.resolve;
    if (sandbox_enter(&setup, err))
        return -1;
    allowlist_check(&w->allowlist);
    return 0;
}

static int
open_queue(struct worker *w, struct err *err)
{
    const struct queue_keys keys = {w->key, w->old_key};

    if (salvage_check(".", w->workshop->queue_max_mib, &keys, err) == 0)
        w->queue = queue_open(".", w->workshop->queue_max_mib, &keys, err);
    if (w->queue)
        forget_old_key(w);
    return w->queue ? sandbox_alone(err) : -1;
}

/* What makes a line's reference another ERP's. */
static int
set_erp(struct worker *w, struct err *err)
{
    static const char *const places[] = {"system", "url", "folder", "recipe"};
    json_t *place = json_object();
    char *text;
    int result;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        json_object_set(place, places[i], json_object_get(w->erp, places[i]));
    text = json_dumps(place, JSON_COMPACT);
    result = text ? queue_set_erp(w->queue, text, err) : 0;
    free(text);
    json_decref(place);
    if (result == 0)
        return 0;
    /* Want of room must not keep it from serving. */
    log_warning("the index of ERP references is incomplete: %s", err->text);
    return queue_broken(w->queue) ? -1 : 0;
}

/* --- the end --- */

static void
on_changed(void *arg)
{
    struct worker *w = arg;

    if (w->server && queue_broken(w->queue) && !w->drain.stop_by_ms) {
        log_error("the queue can't be used any longer: a new process checks it and opens it again");
        drain_start(&w->drain, BROKEN_MS);
    }
    w->events.changed(w->events.arg);
}

void
worker_stop(struct worker *w)
{
    log_info("stopping: %u orders in hand", delivery_in_hand(w->delivery));
    drain_start(&w->drain, w->workshop->stop_timeout_s * 1000LL);
}

static void
on_kill(void *arg)
{
    struct worker *w = arg;

    w->events.killed(w->events.arg);
    drain_kill(&w->drain);
}

/* A kill does not wait for the orders in hand: the queue knows how far each of them was. */
static void
on_killed(void *arg)
{
    struct worker *w = arg;

    drain_killed(&w->drain);
}

/* --- what it may reach is another file now --- */

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    struct timeval next = clock_timeval(WATCH_MS);
    const char *path = sandbox_outdated();

    (void)fd;
    (void)what;
    evtimer_add(w->watch, &next);
    if (!path && delivery_troubled(w->delivery))
        path = allowlist_outdated(&w->allowlist);
    if (!path || w->drain.stop_by_ms)
        return;
    log_warning("%s is another one than when this process started: a new process may reach it",
                path);
    w->outdated = true;
    worker_stop(w);
}

bool
worker_outdated(const struct worker *worker)
{
    return worker->outdated;
}

/* --- retention --- */

static void
on_expire(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    int64_t wall_ms = clock_wall_ms(),
            before_ms = queue_trusted_ms(w->queue, wall_ms, clock_monotonic_ms()) -
                        w->workshop->retention_days * DAY_MS;
    bool sure = queue_disk_agrees(w->queue, wall_ms);
    struct timeval next = clock_timeval(EXPIRE_NEXT_MS);
    struct err err;
    int count = sure ? queue_expire(w->queue, before_ms, EXPIRE_ORDERS, &err) : 0;

    (void)fd;
    (void)what;
    if (sure)
        evidence_expire(queue_folder(w->queue), before_ms);
    else if (!w->unsure)
        log_warning("nothing is forgotten: this machine's clock and the disk's differ by more than "
                    "an hour");
    w->unsure = !sure;
    if (count < 0)
        log_warning("old orders can't be removed: %s", err.text);
    else if (count)
        log_info("%d orders were older than %u days and are removed", count,
                 w->workshop->retention_days);
    if (count == EXPIRE_ORDERS)
        next = clock_timeval(1);
    evtimer_add(w->expire, &next);
}

/* --- the beginning --- */

static void
on_browser(int fd, void *arg)
{
    const struct worker *w = arg;

    proxy_listens(w->proxy, fd);
}

static void
start_browsers(struct worker *w)
{
    w->proxy = allowlist_proxy(&w->allowlist, w->base);
    proxy_use_names(w->proxy, w->names);
    if (!w->proxy)
        return;
    json_object_set_new(w->erp, "$proxy", json_string(w->allowlist.proxy_address));
    if (w->allowlist.driver_fd < 0)
        return;
    w->own_driver = own_driver_new(w->base, w->allowlist.driver_fd, on_browser, w);
    w->allowlist.driver_fd = -1;
    http_use_driver(w->http, w->own_driver);
}

static void
start_delivery(struct worker *w)
{
    const struct pinned_path *ca_file = w->allowlist.ca_file;

    files_use(w->allowlist.folder);
    w->http = http_new(w->base, ca_file ? ca_file->path : NULL, w->allowlist.ca);
    if (w->events.resolve)
        w->names = names_new(w->base, w->events.resolve, w->events.arg);
    http_use_names(w->http, w->names);
    w->browser_killer = browser_killer_new(w->base, w->events.kill_browsers, w->events.arg);
    start_browsers(w);
    w->delivery = delivery_new(&(struct delivery_setup){.base = w->base,
                                                        .queue = w->queue,
                                                        .http = w->http,
                                                        .browser_killer = w->browser_killer,
                                                        .proxy = w->proxy,
                                                        .workshop = w->workshop,
                                                        .erp = w->erp,
                                                        .driver = w->driver,
                                                        .credentials = &w->credentials,
                                                        .closing_ms = DELIVERY_CLOSING_MS,
                                                        .changed = on_changed,
                                                        .arg = w});
    delivery_tidy(w->delivery);
}

static void
start_parts(struct worker *w, const json_t *slice, int listen_fd)
{
    struct timeval first = clock_timeval(EXPIRE_FIRST_MS), look = clock_timeval(WATCH_MS);

    w->api =
        api_new(&(struct api_setup){.base = w->base,
                                    .looks_in_worksheet = w->driver->looks_in_worksheet &&
                                                          w->driver->looks_in_worksheet(w->erp),
                                    .queue = w->queue,
                                    .delivery = w->delivery,
                                    .workshop = w->workshop,
                                    .changed = on_changed,
                                    .kill = on_kill,
                                    .killed = on_killed,
                                    .arg = w});
    w->server = http_server_new(w->base, listen_fd, true, &w->workshop->http, api_handle, w->api);
    w->drain = (struct drain){.base = w->base,
                              .queue = w->queue,
                              .delivery = w->delivery,
                              .api = w->api,
                              .server = w->server};
    drain_open(&w->drain);
    w->expire = loop_timer(w->base, on_expire, w);
    w->watch = loop_timer(w->base, on_watch, w);
    evtimer_add(w->expire, &first);
    evtimer_add(w->watch, &look);
    if (strcmp(slice_text(slice, "worker"), "stopped"))
        delivery_boot(w->delivery);
    log_info("serving %s:%u, ERP system %s, %u orders in the queue", w->workshop->host,
             w->workshop->port, w->workshop->erp_system, queue_length(w->queue));
}

struct worker *
worker_start(struct event_base *base, const json_t *slice, int listen_fd,
             const struct worker_events *events, struct err *err)
{
    struct worker *w = mem_alloc(sizeof *w);

    w->base = base;
    w->events = *events;
    w->allowlist = ALLOWLIST_NOTHING;
    if (load_slice(w, slice, err))
        goto failed;
    failpoint_open(slice_text(slice, "state_dir"), w->workshop->slug);
    log_open(w->workshop->name);
    failpoint_here("worker.open");
    if (shut_in(w, slice, err) || open_queue(w, err))
        goto failed;
    if (!is_maintenance(slice) && set_erp(w, err))
        goto failed;
    start_delivery(w);
    if (is_maintenance(slice))
        log_info("maintenance: %u orders in the queue", queue_length(w->queue));
    else
        start_parts(w, slice, listen_fd);
    return w;
failed:
    worker_free(w);
    return NULL;
}

int
worker_exit_status(const struct err *err)
{
    static const char *const lasting[] = {"config", "credentials", "sandbox"};

    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
        if (strcmp(err->code, lasting[i]) == 0)
            return EX_CONFIG;
    return strcmp(err->code, "in_use") == 0 ? EX_TEMPFAIL : EX_IOERR;
}

void
worker_call(struct worker *worker, struct call *call)
{
    api_handle(call, worker->api);
}

void
worker_browsers_killed(struct worker *worker, unsigned ended)
{
    browser_killer_answer(worker->browser_killer, ended);
}

void
worker_resolved(struct worker *worker, const json_t *message)
{
    if (worker->names)
        names_answered(worker->names, message);
}

bool
worker_broken(const struct worker *worker)
{
    return queue_broken(worker->queue);
}

bool
worker_stopping(const struct worker *worker)
{
    return worker->drain.stop_by_ms != 0;
}

bool
worker_idle(const struct worker *worker)
{
    return !worker->server;
}

bool
worker_tidying(const struct worker *worker)
{
    return delivery_closing(worker->delivery) != 0;
}

bool
worker_leaves_open(const struct worker *worker)
{
    json_t *notes = queue_session_notes(worker->queue);
    bool any = json_array_size(notes) != 0;

    json_decref(notes);
    return any;
}

bool
worker_rekeyed(const struct worker *worker)
{
    return worker->rekeyed;
}

unsigned
worker_waiting(const struct worker *worker)
{
    return queue_length(worker->queue);
}

const char *
worker_state(const struct worker *worker)
{
    return delivery_state(worker->delivery);
}

json_t *
worker_alive(const struct worker *worker)
{
    return api_alive(worker->api);
}

void
worker_free(struct worker *w)
{
    if (!w)
        return;
    if (w->server) {
        drain_close(&w->drain);
        event_free(w->expire);
        event_free(w->watch);
        api_free(w->api);
        http_server_free(w->server);
    }
    delivery_free(w->delivery);
    browser_killer_free(w->browser_killer);
    proxy_free(w->proxy);
    http_free(w->http);
    own_driver_free(w->own_driver);
    names_free(w->names);
    queue_close(w->queue);
    credentials_clear(&w->credentials);
    secret_free(w->key);
    json_decref(w->erp);
    secret_free(w->old_key);
    files_use(NULL);
    allowlist_close(&w->allowlist);
    pinned_path_close(w->folder);
    pinned_path_close(w->log_dir);
    workshop_config_free(w->workshop);
    log_close();
    free(w);
}
