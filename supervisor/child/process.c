/* Starts and ends a child's process, and decides what follows an end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/http/listen_tcp.h"
#include "common/ipc/chan.h"
#include "supervisor/child/driver_unit.h"
#include "supervisor/child/state.h"
#include "supervisor/system/kept_sockets.h"
#include "supervisor/system/listen.h"

static void
back_off(struct child *child)
{
    int64_t delay_ms = child_backoff_ms(child->failures++);

    child_move(child, CHILD_BACKOFF, delay_ms, "%s; retrying in %.1f s", child->last_error,
               (double)delay_ms / 1000);
}

static void
on_closed(void *arg)
{
    struct child *child = arg;

    chan_free(child->chan);
    child->chan = NULL;
    if (!child->pid)
        child_finish(child);
    else if (child->state != CHILD_STOPPING)
        child_leave(child, CHILD_LAST_WORDS_MS, "process %ld closed its channel", (long)child->pid);
    else
        child_changed(child);
}

static void
open_channel(struct child *child, int fd)
{
    static const struct chan_events events = {.message = child_message, .closed = on_closed};
    json_t *slice = child->host->slice(child, child->host->arg);

    child->chan = chan_new(child->host->base, fd, &events, child);
    child_limit(child);
    if (slice && child->watched)
        json_object_set_new(slice, "watched", json_true());
    if (slice)
        chan_send(child->chan, slice);
    child->told = json_object_get(slice, "old_key") != NULL;
    child_take_mark(child, slice);
    child_take_hosts(child, slice);
    failpoint_here("child.configured");
    json_decref(slice);
}

static int
start_process(struct child *child, bool idle, struct err *err)
{
    struct spawn_sockets sockets = {.listen_fd = child->listen_fd};
    struct spawned spawned;

    failpoint_here("child.start");
    if (child_open_driver(child, &sockets.driver_fd, err) ||
        child->host->spawn(child->host->worker_path, &sockets, &spawned, err))
        return -1;
    failpoint_here("child.forked");
    child->pid = spawned.pid;
    child->was_ready = child->asked = false;
    child->idle = idle;
    child->waiting = -1;
    child->tokens_sent = child->watches_sent = 0;
    child->waited_for_disk = false;
    child->left_open = child->renews = false;
    child->rekeyed = child->attention_free = false;
    child_open_logs(child, spawned.logs_fd);
    open_channel(child, spawned.chan_fd);
    return 0;
}

/* The one that it has, that of the last daemon, or a new one. */
static int
open_listener(struct child *child, struct err *err)
{
    const struct workshop_config *workshop = child->workshop;

    if (child->listen_fd < 0)
        child->listen_fd = kept_sockets_take(workshop->slug, workshop->host, workshop->port);
    if (child->listen_fd >= 0 && !listen_sound(child->listen_fd)) {
        log_about(LOG_WARNING, workshop->name,
                  "the last process shut down the listening socket: binding it again");
        child_close_listener(child);
    }
    if (child->listen_fd >= 0)
        return 0;
    child->listen_fd = listen_tcp(workshop->host, workshop->port, err);
    if (child->listen_fd < 0)
        return -1;
    kept_sockets_add(workshop->slug, child->listen_fd);
    return 0;
}

static int
start_service(struct child *child)
{
    struct err err = {0};

    if (open_listener(child, &err) || start_process(child, false, &err)) {
        text_copy(child->last_error, sizeof child->last_error, err.text);
        return -1;
    }
    child->last_error[0] = '\0';
    return 0;
}

/* Only another configuration can fix it. */
static void
refuse(struct child *child)
{
    const struct json_fault *fault = child->workshop->faults.items;
    size_t more = child->workshop->faults.count - 1;
    char count[48] = "";

    if (more)
        snprintf(count, sizeof count, " (and %zu more)", more);
    snprintf(child->last_error, sizeof child->last_error, "%.160s: %.80s%s%.180s%s", fault->file,
             fault->pointer, *fault->pointer ? ": " : "", fault->text, count);
    text_clean(child->last_error);
    child_move(child, CHILD_FAILED, CHILD_NO_TIMER, "%s", child->last_error);
    driver_unit_down(child->driver);
}

void
child_launch(struct child *child)
{
    if (child_is_faulty(child))
        refuse(child);
    else if (start_service(child))
        back_off(child);
    else
        child_move(child, CHILD_STARTING, CHILD_START_MS, "process %ld", (long)child->pid);
}

static void
rest(struct child *child)
{
    child_close_listener(child);
    child_move(child, CHILD_STOPPED, CHILD_NO_TIMER, "no process");
}

/* From a state without a process. */
void
child_rest_at_once(struct child *child)
{
    rest(child);
    driver_unit_down(child->driver);
}

static void
relaunch(struct child *child)
{
    child->restarts += !child->asked && !child->renews;
    child_launch(child);
}

static void
try_later(struct child *child)
{
    child->restarts++;
    back_off(child);
}

static void
give_up(struct child *child)
{
    child_close_listener(child);
    child_move(child, CHILD_FAILED, CHILD_NO_TIMER, "%s", child->last_error);
}

/* It may not be started again for days: close what it has left open in the ERP (a browser) now. */
static void
tidy_up(struct child *child)
{
    bool said_bye = child->waiting >= 0;
    struct err err;

    if (child->tries || !config_erp_stays_open(child->workshop->erp_system) ||
        (said_bye && !child->left_open))
        return;
    if (child_maintain(child, &err))
        log_about(LOG_WARNING, child->workshop->name, "cannot close open ERP sessions: %s",
                  err.text);
}

/* A process that becomes ready and dies, over and over, would otherwise use up a processor. */
static void
count_short_lives(struct child *child)
{
    if (!child->was_ready || child->asked || child->idle)
        return;
    if (clock_monotonic_ms() - child->ready_ms < CHILD_SHORT_LIFE_MS)
        child->short_lives++;
    else
        child->short_lives = 0;
    if (child->short_lives > CHILD_SHORT_LIVES_MAX)
        child->failures = child_short_lives_failures(child->short_lives);
}

void
child_finish(struct child *child)
{
    static void (*const next[CHILD_STATES])(struct child * child) = {[CHILD_STOPPED] = rest,
                                                                     [CHILD_STARTING] = relaunch,
                                                                     [CHILD_BACKOFF] = try_later,
                                                                     [CHILD_FAILED] = give_up};
    struct child_end end;

    count_short_lives(child);
    end = (struct child_end){.wanted = child->wanted,
                             .asked = child->asked,
                             .was_ready = child->was_ready,
                             .idle = child->idle,
                             .code = child->last_exit.code,
                             .short_lives = child->short_lives};

    chan_free(child->chan);
    child->chan = NULL;
    child_close_logs(child);
    child_close_lookups(child);
    child_status_clear(&child->status);
    child->attention_ms = 0;
    child->idle = false;
    next[child_after_exit(&end)](child);
    if (child_at_rest(child) && !end.idle)
        tidy_up(child);
    if (child_at_rest(child))
        driver_unit_down(child->driver);
}

/* The process could not report the cause: look up what is wrong with the file. */
static void
describe_unexecuted(const struct child *child, pid_t pid, char *text, size_t size)
{
    const char *path = child->host->worker_path;
    bool known = access(path, X_OK) != 0;

    snprintf(text, size, "process %ld cannot execute %s%s%s", (long)pid, path, known ? ": " : "",
             known ? strerror(errno) : "");
}

static void
write_obituary(struct child *child, pid_t pid)
{
    const struct child_exit *last = &child->last_exit;
    char end[96], text[480];

    if (!last->signal && last->code == SPAWN_EXEC_FAILED) {
        describe_unexecuted(child, pid, text, sizeof text);
    } else {
        child_exit_text(last, end, sizeof end);
        snprintf(text, sizeof text, "process %ld ended: %s", (long)pid, end);
    }
    if (!child->reads)
        log_about(LOG_INFO, child->workshop->name, "%s%s%s",
                  child->tries ? child_trial_name(child) : "", child->tries ? ": " : "", text);
    if (child->wanted == CHILD_UP && !child->asked && !*child->last_error)
        snprintf(child->last_error, sizeof child->last_error, "%s%s", text,
                 child->was_ready || last->code == SPAWN_EXEC_FAILED ? ""
                                                                     : ", before it was ready");
}

void
child_reaped(struct child *child, int status)
{
    pid_t pid = child->pid;

    failpoint_here("child.reaped");
    child_read_logs(child);
    child->pid = 0;
    child->last_exit = (struct child_exit){.at_ms = clock_wall_ms(),
                                           .code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                           .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
    write_obituary(child, pid);
    if (!child->chan)
        child_finish(child);
    else /* it may have sent `killed` just before */
        child_move(child, CHILD_STOPPING, CHILD_LAST_WORDS_MS, "process %ld is gone", (long)pid);
}

int
child_try(struct child *child, struct err *err)
{
    child->tries = true;
    driver_unit_for_test(child->driver);
    if (start_process(child, true, err))
        return -1;
    child_move(child, CHILD_STARTING, CHILD_START_MS, "process %ld started", (long)child->pid);
    return 0;
}

int
child_maintain(struct child *child, struct err *err)
{
    if (!child_at_rest(child))
        return err_set(err, "not_at_rest", "%s already has a process", child->workshop->slug);
    if (start_process(child, true, err))
        return -1;
    child_move(child, CHILD_STARTING, CHILD_START_MS, "process %ld, for maintenance",
               (long)child->pid);
    return 0;
}
