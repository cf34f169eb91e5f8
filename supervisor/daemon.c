/* The children together: signals, start and end. */
#include "supervisor/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/notify.h"
#include "supervisor/reload.h"

#define LAST_REPLIES_MS 50 /* for the control socket's clients, once the last child has gone */
/* One wish may come as two signals, to the process and to its group: timeout(1) does so. */
#define ASKED_AGAIN_MS 1000

/* What children need of their host. */

static json_t *
slice(const struct child *child, void *arg)
{
    struct daemon *daemon = arg;
    json_t *message =
        config_slice(daemon->config, child->workshop, daemon->keys.key, child->worker_wanted);

    if (daemon->keys.old)
        config_slice_old_key(message, child->workshop, daemon->keys.old);
    if (child->idle)
        json_object_set_new(message, "maintenance", json_true());
    return message;
}

static bool
all_at_rest(const struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->total; i++)
        if (!child_at_rest(daemon->children[i]))
            return false;
    return true;
}

static void
leave_loop(struct daemon *daemon)
{
    struct timeval pause = clock_timeval(LAST_REPLIES_MS);

    event_base_loopexit(daemon->base, &pause);
}

static void
on_changed(struct child *child, void *arg)
{
    struct daemon *daemon = arg;

    if (daemon->observer.changed)
        daemon->observer.changed(child, daemon->observer.arg);
    if (daemon->stopping && child_at_rest(child) && all_at_rest(daemon))
        leave_loop(daemon);
    if (daemon->total > daemon->child_count && child_at_rest(child))
        daemon_sweep(daemon); /* not now: the child is still at it */
}

static void
on_replied(struct child *child, const json_t *reply, void *arg)
{
    struct daemon *daemon = arg;

    if (daemon->observer.replied)
        daemon->observer.replied(child, reply, daemon->observer.arg);
}

/* Signals. */

static void
kill_all(struct daemon *daemon)
{
    log_warning("asked again: every process is killed");
    for (size_t i = 0; i < daemon->total; i++)
        child_kill(daemon->children[i]);
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
    notify_send("STOPPING=1");
    daemon->stopping = true;
    daemon->stopping_ms = clock_monotonic_ms();
    for (size_t i = 0; i < daemon->total; i++)
        child_stop(daemon->children[i]);
    if (all_at_rest(daemon))
        leave_loop(daemon);
}

static void
on_hangup(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;
    struct config_faults faults = {0};

    (void)number;
    (void)what;
    log_reopen();
    for (size_t i = 0; i < daemon->total; i++)
        if (daemon->children[i]->pid > 0)
            kill(daemon->children[i]->pid, SIGHUP);
    log_info("logs opened again");
    if (!daemon->stopping)
        json_decref(reload(daemon, &faults));
    config_faults_clear(&faults);
}

/* One SIGCHLD may stand for several ends. Orphans that a container hands to its first process are
 * reaped with them. */
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
    notify_send("WATCHDOG=1");
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
        daemon->signals[i] =
            evsignal_new(daemon->base, signals[i].number, signals[i].handle, daemon);
        if (!daemon->signals[i] || evsignal_add(daemon->signals[i], NULL))
            die_abort("signal %d can't be listened for", signals[i].number);
    }
}

static void
start_watchdog(struct daemon *daemon)
{
    int64_t pause_ms = notify_watchdog_ms();
    struct timeval pause = clock_timeval(pause_ms);

    if (!pause_ms)
        return;
    daemon->watchdog = event_new(daemon->base, -1, EV_PERSIST, on_watchdog, daemon);
    if (!daemon->watchdog || event_add(daemon->watchdog, &pause))
        die_abort("no watchdog timer");
}

/* Children that leave. */

struct workshop_config *
daemon_own_config(const struct child *child)
{
    return (struct workshop_config *)child->workshop;
}

static void
free_leaving(struct child *child)
{
    struct workshop_config *own = daemon_own_config(child);

    child_free(child);
    workshop_config_free(own);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *daemon = arg;
    size_t kept = daemon->child_count;

    (void)fd;
    (void)what;
    for (size_t i = daemon->child_count; i < daemon->total; i++)
        if (child_at_rest(daemon->children[i]))
            free_leaving(daemon->children[i]);
        else
            daemon->children[kept++] = daemon->children[i];
    daemon->total = kept;
}

void
daemon_sweep(struct daemon *daemon)
{
    struct timeval now = {0};

    evtimer_add(daemon->sweep, &now);
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
                              .child_count = config->workshop_count,
                              .total = config->workshop_count,
                              .started_ms = clock_monotonic_ms(),
                              .host = {.base = base,
                                       .worker_path = worker_path,
                                       .spawn = spawn_worker,
                                       .slice = slice,
                                       .changed = on_changed,
                                       .replied = on_replied,
                                       .arg = daemon}};
    daemon->children = mem_alloc((config->workshop_count + 1) * sizeof *daemon->children);
    for (size_t i = 0; i < config->workshop_count; i++)
        daemon->children[i] = child_new(&daemon->host, config->workshops[i]);
    daemon->sweep = evtimer_new(base, on_sweep, daemon);
    if (!daemon->sweep)
        die_abort("no memory for a timer");
    listen_for_signals(daemon);
    start_watchdog(daemon);
    return daemon;
}

void
daemon_free(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->child_count; i++)
        child_free(daemon->children[i]);
    for (size_t i = daemon->child_count; i < daemon->total; i++)
        free_leaving(daemon->children[i]);
    event_free(daemon->sweep);
    for (size_t i = 0; i < DAEMON_SIGNALS; i++)
        event_free(daemon->signals[i]);
    if (daemon->watchdog)
        event_free(daemon->watchdog);
    free(daemon->children);
    master_keys_clear(&daemon->keys);
    config_free(daemon->config);
    free(daemon);
}

void
daemon_run(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->child_count; i++)
        if (daemon->children[i]->workshop->active)
            child_start(daemon->children[i]);
    notify_send("READY=1");
    event_base_dispatch(daemon->base);
}

struct child *
daemon_find(const struct daemon *daemon, const char *name_or_slug)
{
    const struct workshop_config *workshop = config_find(daemon->config, name_or_slug);

    for (size_t i = 0; workshop && i < daemon->child_count; i++)
        if (daemon->children[i]->workshop == workshop)
            return daemon->children[i];
    return NULL;
}
