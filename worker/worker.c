/* Assembles the parts, and frees them in order. */
#include "worker/worker.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/http/server.h"
#include "worker/api/api.h"
#include "worker/delivery/delivery.h"
#include "worker/delivery/evidence.h"
#include "worker/io/files.h"
#include "worker/io/http.h"
#include "worker/io/names.h"
#include "worker/io/own_driver.h"
#include "worker/queue/queue.h"
#include "worker/sandbox/sandbox.h"
#include "worker/setup.h"

#define EXPIRE_FIRST_MS 5000
#define EXPIRE_NEXT_MS 600000
#define EXPIRE_ORDERS 200 /* per transaction, so that no client waits long */
#define BROKEN_MS 1000    /* for pending replies */
#define TICK_MS 5000      /* the supervisor pings after 6 s of silence */
#define WATCH_TICKS 4 /* from one look at the watched files to the next; in trouble, every tick */
#define DAY_MS 86400000LL

/* --- the end --- */

static void
on_changed(void *arg)
{
    struct worker *w = arg;

    if (w->server && queue_broken(w->queue) && !w->drain.stop_by_ms) {
        log_error("the queue is broken: restarting to check and reopen it");
        drain_start(&w->drain, BROKEN_MS);
    }
    w->events.changed(w->events.arg);
}

void
worker_stop(struct worker *w)
{
    log_info("stopping: %u orders in flight", delivery_in_hand(w->delivery));
    drain_start(&w->drain, w->workshop->stop_timeout_s * 1000LL);
}

static void
on_kill(void *arg)
{
    struct worker *w = arg;

    w->events.killed(w->events.arg);
    drain_kill(&w->drain);
}

/* A kill does not wait for the orders in progress: the queue knows the state of each. */
static void
on_killed(void *arg)
{
    struct worker *w = arg;

    drain_killed(&w->drain);
}

/* --- replaced files --- */

static void
watch(struct worker *w)
{
    const char *path = sandbox_outdated();

    if (!path && delivery_troubled(w->delivery))
        path = allowlist_outdated(&w->allowlist);
    if (!path || w->drain.stop_by_ms)
        return;
    log_warning("%s has changed since this process started: restarting", path);
    w->outdated = true;
    worker_stop(w);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    struct timeval next = clock_timeval(TICK_MS);

    (void)fd;
    (void)what;
    evtimer_add(w->tick, &next);
    if (w->ticks++ % WATCH_TICKS == 0 || delivery_troubled(w->delivery))
        watch(w);
    w->events.tick(w->events.arg);
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
        log_warning("keeping expired orders: this machine's clock and the disk's differ by more "
                    "than an hour");
    w->unsure = !sure;
    if (count < 0)
        log_warning("cannot remove old orders: %s", err.text);
    else if (count) {
        log_info("removed %d orders older than %u days", count, w->workshop->retention_days);
        w->events.changed(w->events.arg);
    }
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
    w->delivery =
        delivery_new(&(struct delivery_setup){.base = w->base,
                                              .queue = w->queue,
                                              .http = w->http,
                                              .browser_killer = w->browser_killer,
                                              .proxy = w->proxy,
                                              .workshop = w->workshop,
                                              .erp = w->erp,
                                              .driver = w->driver,
                                              .credentials = &w->credentials,
                                              .closing_ms = DELIVERY_CLOSING_MS,
                                              .storage_pause_ms = DELIVERY_STORAGE_PAUSE_MS,
                                              .changed = on_changed,
                                              .arg = w});
    delivery_tidy(w->delivery);
}

static void
start_parts(struct worker *w, const json_t *slice, int listen_fd)
{
    struct timeval first = clock_timeval(EXPIRE_FIRST_MS), tick = clock_timeval(TICK_MS);

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
    w->tick = loop_timer(w->base, on_tick, w);
    evtimer_add(w->expire, &first);
    evtimer_add(w->tick, &tick);
    if (strcmp(setup_text(slice, "worker"), "stopped"))
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
    if (setup_load(w, slice, err))
        goto failed;
    failpoint_open(setup_text(slice, "state_dir"), w->workshop->slug);
    log_open(w->workshop->name);
    failpoint_here("worker.open");
    if (setup_shut_in(w, slice, err) || setup_open_queue(w, err))
        goto failed;
    if (!setup_is_maintenance(slice) && setup_erp(w, err))
        goto failed;
    start_delivery(w);
    malloc_trim(0); /* an idle process keeps none of what starting took */
    if (setup_is_maintenance(slice))
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
        event_free(w->tick);
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
