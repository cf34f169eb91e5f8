#include "supervisor/child/state.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "supervisor/system/kept_sockets.h"

void
child_changed(struct child *child)
{
    free(child->view);
    child->view = NULL;
    child->host->changed(child, child->host->arg);
}

static void
drop_knock(struct child *child)
{
    if (child->knock)
        event_free(child->knock);
    child->knock = NULL;
}

static void
await_sign(struct child *child, int64_t within_ms)
{
    struct timeval silence = clock_timeval(within_ms);

    evtimer_add(child->timer, &silence);
}

static void
on_knock(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    child_expect(arg);
}

void
child_expect(struct child *child)
{
    if (child->knock && !child->unanswered)
        await_sign(child, CHILD_SILENT_MS);
    drop_knock(child);
}

void
child_heard(struct child *child, bool asleep)
{
    child->unanswered = 0;
    if (child->state != CHILD_RUNNING)
        return;
    asleep = asleep && child->listen_fd >= 0;
    await_sign(child, asleep ? CHILD_ASLEEP_MS : CHILD_SILENT_MS);
    if (!asleep) {
        drop_knock(child);
    } else if (!child->knock) {
        child->knock = loop_event(child->host->base, child->listen_fd, EV_READ, on_knock, child);
        event_add(child->knock, NULL);
    }
}

/* Of a test, the lines about its process say enough: the workshop's own is not concerned. */
static void
log_move(const struct child *child, enum child_state old, const char *reason)
{
    static const enum log_level levels[CHILD_STATES] = {
        [CHILD_STOPPED] = LOG_INFO,  [CHILD_STARTING] = LOG_INFO,   [CHILD_RUNNING] = LOG_INFO,
        [CHILD_STOPPING] = LOG_INFO, [CHILD_BACKOFF] = LOG_WARNING, [CHILD_FAILED] = LOG_ERROR};
    const char *name = child->workshop->name, *now = child_state_name(child->state);
    enum log_level level = levels[child->state];

    if (child->reads)
        return;
    if (child->tries && child->state == CHILD_STARTING)
        log_about(level, name, "%s: %s", child_trial_name(child), reason);
    else if (!child->tries && child->state == old)
        log_about(level, name, "%s: %s", now, reason);
    else if (!child->tries)
        log_about(level, name, "%s -> %s: %s", child_state_name(old), now, reason);
}

const char *
child_trial_name(const struct child *child)
{
    return child->order ? "dry run" : "connection test";
}

void
child_move(struct child *child, enum child_state state, int64_t timer_ms, const char *format, ...)
{
    struct timeval delay = clock_timeval(timer_ms);
    enum child_state old = child->state;
    char reason[600];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    child->state = state;
    drop_knock(child);
    evtimer_del(child->timer);
    if (timer_ms != CHILD_NO_TIMER)
        evtimer_add(child->timer, &delay);
    log_move(child, old, reason);
    child_changed(child);
}

void
child_close_listener(struct child *child)
{
    if (child->listen_fd < 0)
        return;
    child_expect(child);
    kept_sockets_remove(child->workshop->slug);
    close(child->listen_fd);
    child->listen_fd = -1;
}

void
child_signal(const struct child *child, int number)
{
    if (child->pid > 0)
        kill(child->pid, number);
}

void
child_leave(struct child *child, int64_t within_ms, const char *format, ...)
{
    char reason[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (within_ms == 0)
        child_signal(child, SIGKILL);
    child_move(child, CHILD_STOPPING, within_ms ? within_ms : CHILD_LAST_WORDS_MS, "%s", reason);
}

bool
child_is_faulty(const struct child *child)
{
    return child->workshop->faults.count != 0;
}

bool
child_at_rest(const struct child *child)
{
    return child->state == CHILD_STOPPED || child->state == CHILD_FAILED;
}
