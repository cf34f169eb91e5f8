/* One workshop's process: start, watch, stop, start again. */
#include "supervisor/child/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/http/listen_tcp.h"
#include "common/ipc/chan.h"
#include "supervisor/child/driver_unit.h"
#include "supervisor/child/killer.h"
#include "supervisor/child/state.h"
#include "supervisor/system/disk_wait.h"
#include "supervisor/system/listen.h"

#define UNANSWERED_MAX 5   /* pings, so the oldest is 10 s old */
#define UNANSWERED_AGAIN 2 /* pings, if it waited for the disk */
#define STOP_GRACE_MS 6000 /* beyond stop_timeout_s: the worker then closes its sessions */

static void
send_type(struct child *child, const char *type)
{
    json_t *message = json_pack("{ss}", "type", type);

    if (child->chan)
        chan_send(child->chan, message);
    json_decref(message);
}

/* The timer. */

static void
hang(struct child *child, const char *what, int seconds)
{
    log_about(LOG_ERROR, child->workshop->name, "process %ld hangs: killing it", (long)child->pid);
    snprintf(child->last_error, sizeof child->last_error, "hang: %s for %d s", what, seconds);
    child_leave(child, 0, "%s", child->last_error);
}

static void
never_ready(struct child *child)
{
    hang(child, "not ready", CHILD_START_MS / 1000);
}

/* A stalled disk is not a hang: the process cannot even be killed, and its successor would wait
 * too. It gets a few more pings, as it answers some time after the disk did. */
static bool
excused(struct child *child)
{
    if (!disk_wait(child->pid))
        return false;
    if (!child->waited_for_disk)
        log_about(LOG_WARNING, child->workshop->name,
                  "process %ld does not answer: it is waiting for its disk", (long)child->pid);
    child->waited_for_disk = true;
    child->unanswered -= UNANSWERED_AGAIN;
    return true;
}

static void
ping(struct child *child)
{
    struct timeval pause = clock_timeval(CHILD_PING_MS);

    if (child->unanswered >= UNANSWERED_MAX && !excused(child)) {
        hang(child, "ping unanswered", UNANSWERED_MAX * CHILD_PING_MS / 1000);
        return;
    }
    /* Counted, not timed: if the supervisor itself was stopped, the child has not hung. */
    child->unanswered++;
    send_type(child, "ping");
    evtimer_add(child->timer, &pause);
}

static void
overdue(struct child *child)
{
    if (child->pid) {
        log_about(LOG_WARNING, child->workshop->name,
                  "process %ld did not exit in time: killing it", (long)child->pid);
        child_signal(child, SIGKILL);
    } else {
        child_finish(child); /* another process keeps its channel open */
    }
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    static void (*const meaning[CHILD_STATES])(struct child *
                                               child) = {[CHILD_STARTING] = never_ready,
                                                         [CHILD_RUNNING] = ping,
                                                         [CHILD_STOPPING] = overdue,
                                                         [CHILD_BACKOFF] = child_launch};
    struct child *child = arg;

    (void)fd;
    (void)what;
    if (meaning[child->state])
        meaning[child->state](child);
}

/* Commands. */

void
child_start(struct child *child)
{
    child->wanted = CHILD_UP;
    child->failures = child->short_lives = 0;
    if (child->state == CHILD_STOPPING || child->idle)
        child->asked = true;
    else if (child->state != CHILD_STARTING && child->state != CHILD_RUNNING)
        child_launch(child);
}

static void
ask_to_stop(struct child *child, const char *reason)
{
    if (child->state == CHILD_STOPPING)
        return;
    send_type(child, "stop");
    child_leave(child, (int64_t)child->workshop->stop_timeout_s * 1000 + STOP_GRACE_MS, "%s",
                reason);
}

/* Whether there is a process to end. */
static bool
put_down(struct child *child)
{
    child->wanted = CHILD_DOWN;
    if (child_is_faulty(child) && !child->pid)
        return false;
    child->last_error[0] = '\0';
    child_changed(child);
    child_close_listener(child);
    if (!child->pid && child->state != CHILD_STOPPED && child->state != CHILD_STOPPING)
        child_rest_at_once(child);
    return child->pid != 0;
}

void
child_stop(struct child *child)
{
    if (put_down(child))
        ask_to_stop(child, "stop");
}

void
child_restart(struct child *child)
{
    if (child->idle || (child->state != CHILD_STARTING && child->state != CHILD_RUNNING)) {
        child_start(child);
        return;
    }
    child->asked = true;
    ask_to_stop(child, "restart");
}

void
child_kill(struct child *child)
{
    if (put_down(child))
        child_leave(child, 0, "kill");
}

void
child_watch(struct child *child, bool on)
{
    json_t *message;

    if (child->watched == on)
        return;
    child->watched = on;
    if (!child->chan || child->idle)
        return;
    message = json_pack("{ss sb}", "type", "watch", "on", on);
    chan_send(child->chan, message);
    child->watches_sent++;
    json_decref(message);
}

bool
child_watch_confirmed(const struct child *child)
{
    return !child->chan || !child->watches_sent;
}

bool
child_send(struct child *child, const json_t *message)
{
    if (child->state != CHILD_RUNNING || !child->chan)
        return false;
    chan_send(child->chan, message);
    child_expect(child);
    return true;
}

struct child *
child_new(const struct child_host *host, const struct workshop_config *workshop)
{
    struct child *child = mem_alloc(sizeof *child);

    *child = (struct child){
        .workshop = workshop, .host = host, .listen_fd = -1, .worker_wanted = true, .waiting = -1};
    child->timer = loop_timer(host->base, on_timer, child);
    child->kill_timer = loop_timer(host->base, child_kill_browsers_now, child);
    child->driver = driver_unit_new(host->base, workshop->slug);
    return child;
}

void
child_configure(struct child *child, const struct workshop_config *workshop)
{
    const struct workshop_config *before = child->workshop;

    if (before->port != workshop->port || strcmp(before->host, workshop->host))
        child_close_listener(child);
    child->workshop = workshop;
    free(child->view);
    child->view = NULL;
    free(child->queue);
    child->queue = NULL;
}

void
child_send_tokens(struct child *child)
{
    const json_t *tokens = json_object_get(child->workshop->document, "api_tokens");
    json_t *message = json_pack("{ss}", "type", "tokens");

    if (tokens)
        json_object_set(message, "api_tokens", (json_t *)tokens);
    if (!child->idle && child_send(child, message))
        child->tokens_sent++;
    json_decref(message);
}

void
child_new_key(struct child *child)
{
    child->told = child->rekeyed = false;
}

void
child_free(struct child *child)
{
    child_close_listener(child);
    child_close_logs(child);
    child_close_lookups(child);
    killer_free(child->killer);
    driver_unit_free(child->driver);
    chan_free(child->chan);
    event_free(child->timer);
    event_free(child->kill_timer);
    child_status_clear(&child->status);
    json_decref(child->token_uses);
    json_decref(child->order);
    free(child->view);
    free(child->queue);
    free(child);
}
