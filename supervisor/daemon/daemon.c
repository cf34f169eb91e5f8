/* All children together: signals, start and end. */
#include "supervisor/daemon/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/ipc/chan.h"
#include "common/ipc/webdriver_link.h"
#include "supervisor/child/driver_unit.h"
#include "supervisor/daemon/archive.h"
#include "supervisor/daemon/children.h"
#include "supervisor/daemon/registry.h"
#include "supervisor/daemon/reload.h"
#include "supervisor/system/kept_sockets.h"
#include "supervisor/system/notify.h"

/* One stop request may come as two signals, to the process and to its group: timeout(1) does so. */
#define ASKED_AGAIN_MS 1000
/* Beyond the longest stop_timeout_s: a worker closes its sessions, and another process what it left
 * open. */
#define STOP_SLACK_S 25

/* What children need of their host. */

/* A queue without a service is worked on as its own user, never as root. */
static void
tell_user(struct daemon *daemon, const struct child *child, const struct workshop_config *workshop,
          json_t *message)
{
    char *queue = child->queue ? mem_string(child->queue)
                               : archive_queue_path(daemon->config, workshop->slug);

    if (child->queue && !child->tries)
        json_object_set_new(message, "queue", json_string(queue));
    if (child->idle && !child->tries)
        uids_tell_owner(daemon->uids, daemon->config, workshop, queue, message);
    else
        uids_tell(daemon->uids, daemon->config, workshop, message);
    free(queue);
}

/* Only the units of this daemon know how to reach it. */
static bool
own_driver(const struct child *child, void *arg)
{
    const struct daemon *daemon = arg;

    return driver_unit_possible() && !child->reads && !child_is_faulty(child) &&
           config_webdriver_own(daemon->config, child->workshop);
}

static json_t *
new_slice(const struct child *child, void *arg)
{
    struct daemon *daemon = arg;
    struct workshop_config *instead =
        child_is_faulty(child) ? children_stand_in(child->workshop->slug, "/nonexistent") : NULL;
    const struct workshop_config *workshop = instead ?: child->workshop;
    json_t *message =
        config_slice(daemon->config, workshop, daemon->keys.key, child->worker_wanted);

    if (!child->worker_known)
        json_object_del(message, "worker");
    if (daemon->keys.old)
        config_slice_old_key(message, workshop, daemon->keys.old);
    if (child->idle)
        json_object_set_new(message, child->tries ? "test" : "maintenance", json_true());
    if (child->tries) /* it must not end the browsers of the worker beside it */
        json_object_del(message, "browser_mark");
    if (child->order)
        json_object_set(message, "order", child->order);
    if (child->reads)
        json_object_set_new(message, "reads", json_true());
    if (log_is_verbose())
        json_object_set_new(message, "verbose", json_true());
    tell_user(daemon, child, workshop, message);
    workshop_config_free(instead);
    json_object_set_new(message, "supervisor_pid", json_integer(getpid()));
    if (own_driver(child, daemon)) {
        json_object_set_new(message, "driver_fd", json_integer(CHAN_DRIVER_FD));
        json_object_set_new(message, "webdriver_url", json_string(WEBDRIVER_LINK_URL));
    }
    return message;
}

static const char *
log_dir(void *arg)
{
    const struct daemon *daemon = arg;

    return daemon->config->log_dir;
}

static void
on_changed(struct child *child, void *arg)
{
    struct daemon *daemon = arg;

    if (daemon->observer.changed)
        daemon->observer.changed(child, daemon->observer.arg);
    if (child_at_rest(child) && (daemon->stopping || daemon->total > daemon->child_count))
        children_reap(daemon); /* not now: the child is still at it, and may start maintenance */
}

static void
on_replied(struct child *child, const json_t *reply, void *arg)
{
    struct daemon *daemon = arg;

    if (daemon->observer.replied)
        daemon->observer.replied(child, reply, daemon->observer.arg);
}

static void
on_orders(struct child *child, const json_t *events, bool lost, void *arg)
{
    struct daemon *daemon = arg;

    if (daemon->observer.orders)
        daemon->observer.orders(child, events, lost, daemon->observer.arg);
}

static void
on_audited(struct child *child, const json_t *message, void *arg)
{
    struct daemon *daemon = arg;

    if (daemon->observer.audited)
        daemon->observer.audited(child, message, daemon->observer.arg);
}

/* Signals. */

static void
kill_all(struct daemon *daemon)
{
    log_warning("second stop signal: killing all processes");
    for (size_t i = 0; i < daemon->total; i++)
        child_kill(daemon->children[i]);
}

/* The service manager's timeout may be shorter than a workshop's. */
static void
tell_stopping(const struct daemon *daemon)
{
    unsigned long long longest_s = 0;
    char *state;

    for (size_t i = 0; i < daemon->total; i++)
        if (daemon->children[i]->workshop->stop_timeout_s > longest_s)
            longest_s = daemon->children[i]->workshop->stop_timeout_s;
    state =
        mem_format("STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu", (longest_s + STOP_SLACK_S) * 1000000);
    notify_send(state);
    free(state);
}

static void
on_terminate(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;

    (void)what;
    if (daemon->stopping) {
        if (clock_monotonic_ms() - daemon->stopping_ms >= ASKED_AGAIN_MS)
            kill_all(daemon);
        return;
    }
    log_info("signal %d: stopping", (int)number);
    tell_stopping(daemon);
    kept_sockets_leave();
    daemon->stopping = true;
    daemon->stopping_ms = clock_monotonic_ms();
    for (size_t i = 0; i < daemon->total; i++)
        child_stop(daemon->children[i]);
    children_reap(daemon);
}

static void
on_hangup(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;
    struct json_faults faults = {0};

    (void)number;
    (void)what;
    for (size_t i = 0; i < daemon->total; i++)
        child_reopen_logs(daemon->children[i]);
    if (daemon->observer.reopened)
        daemon->observer.reopened(daemon->observer.arg);
    log_info("reopened the log files");
    if (!daemon->stopping)
        json_decref(reload(daemon, &faults));
    json_faults_clear(&faults);
}

/* One SIGCHLD may stand for several ends. Orphans that a container assigns to its first process are
 * reaped as well. */
static void
on_child(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;
    int status;
    pid_t pid;

    (void)number;
    (void)what;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < daemon->total; i++)
            if (daemon->children[i]->pid == pid) {
                child_reaped(daemon->children[i], status);
                break;
            }
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    notify_alive();
}

static void
listen_for_signals(struct daemon *daemon)
{
    static const struct {
        int number;
        event_callback_fn handle;
    } signals[DAEMON_SIGNALS] = {[DAEMON_TERM] = {SIGTERM, on_terminate},
                                 [DAEMON_INT] = {SIGINT, on_terminate},
                                 [DAEMON_HUP] = {SIGHUP, on_hangup},
                                 [DAEMON_CHILD] = {SIGCHLD, on_child}};

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < DAEMON_SIGNALS; i++) {
        daemon->signals[i] = loop_control_event(daemon->base, signals[i].number,
                                                EV_SIGNAL | EV_PERSIST, signals[i].handle, daemon);
        if (evsignal_add(daemon->signals[i], NULL))
            die_abort("cannot listen for signal %d", signals[i].number);
    }
}

static void
start_watchdog(struct daemon *daemon)
{
    int64_t pause_ms = notify_watchdog_ms();
    struct timeval pause = clock_timeval(pause_ms);

    if (!pause_ms)
        return;
    daemon->watchdog = loop_control_event(daemon->base, -1, EV_PERSIST, on_watchdog, daemon);
    loop_add(daemon->watchdog, &pause);
}

int
daemon_new_key(struct daemon *daemon, struct err *err)
{
    if (key_file_begin(daemon->config->key_file, &daemon->keys, err))
        return -1;
    registry_seal(daemon->config, NULL, &daemon->keys);
    for (size_t i = 0; i < daemon->total; i++)
        child_new_key(daemon->children[i]);
    return 0;
}

struct daemon *
daemon_new(struct event_base *base, struct daemon_config *config, const char *config_path,
           const struct master_keys *keys, const char *worker_path)
{
    struct daemon *daemon = mem_alloc(sizeof *daemon);

    *daemon = (struct daemon){.base = base,
                              .config = config,
                              .config_path = config_path,
                              .keys = *keys,
                              .uids = uids_new(config->state_dir),
                              .started_ms = clock_monotonic_ms(),
                              .started_wall_ms = clock_wall_ms(),
                              .host = {.base = base,
                                       .worker_path = worker_path,
                                       .kill_pause_ms = CHILD_KILL_PAUSE_MS,
                                       .spawn = spawn_worker,
                                       .slice = new_slice,
                                       .own_driver = own_driver,
                                       .log_dir = log_dir,
                                       .changed = on_changed,
                                       .replied = on_replied,
                                       .orders = on_orders,
                                       .audited = on_audited,
                                       .arg = daemon}};
    registry_seal(config, NULL, keys);
    children_open(daemon);
    listen_for_signals(daemon);
    start_watchdog(daemon);
    return daemon;
}

void
daemon_free(struct daemon *daemon)
{
    children_close(daemon);
    for (size_t i = 0; i < DAEMON_SIGNALS; i++)
        event_free(daemon->signals[i]);
    if (daemon->watchdog)
        event_free(daemon->watchdog);
    uids_free(daemon->uids);
    master_keys_clear(&daemon->keys);
    config_free(daemon->config);
    free(daemon);
}

void
daemon_run(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->child_count; i++)
        if (daemon->children[i]->workshop->active || child_is_faulty(daemon->children[i]))
            child_start(daemon->children[i]);
    kept_sockets_close();
    notify_send("READY=1");
    event_base_dispatch(daemon->base);
}
