/* A child's browsers, ended for it. */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/ipc/chan.h"
#include "supervisor/child/killer.h"
#include "supervisor/child/state.h"

#define PAUSE_MS 1000 /* from the beginning of one to that of the next */

static void start_in_time(struct child *child);

static void
answer(struct child *child)
{
    json_t *message = json_pack("{ss sI}", "type", "swept", "ended", (json_int_t)child->swept);

    if (child->swept)
        log_about(LOG_INFO, child->workshop->name, "browsers given up or left behind, killed: %u",
                  child->swept);
    child->swept = 0;
    if (child->chan)
        chan_send(child->chan, message);
    json_decref(message);
}

/* What was asked for meanwhile may be about a browser that came after this one had looked. */
static void
on_swept(unsigned ended, void *arg)
{
    struct child *child = arg;

    sweeper_free(child->sweeper);
    child->sweeper = NULL;
    child->swept += ended;
    if (child->sweep_again)
        start_in_time(child);
    else
        answer(child);
}

static void
start(struct child *child)
{
    struct err err = {0};

    child->sweep_again = false;
    child->swept_ms = clock_monotonic_ms();
    if (*child->mark)
        child->sweeper = sweeper_start(child->host->base, child->mark, on_swept, child, &err);
    if (child->sweeper)
        return;
    if (*err.text)
        log_about(LOG_WARNING, child->workshop->name, "browsers can't be looked for: %s", err.text);
    answer(child);
}

void
child_sweep_now(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;

    (void)fd;
    (void)what;
    if (!child->sweeper)
        start(child);
}

static void
start_in_time(struct child *child)
{
    int64_t due_ms = child->swept_ms ? child->swept_ms + PAUSE_MS : 0;
    int64_t now_ms = clock_monotonic_ms();
    struct timeval rest = clock_timeval(due_ms - now_ms);

    if (now_ms >= due_ms)
        start(child);
    else
        evtimer_add(child->sweep_timer, &rest);
}

void
child_sweep(struct child *child, const json_t *message)
{
    (void)message;
    if (child->sweeper)
        child->sweep_again = true;
    else if (!evtimer_pending(child->sweep_timer, NULL))
        start_in_time(child);
}

void
child_take_mark(struct child *child, const json_t *slice)
{
    const char *mark = json_string_value(json_object_get(slice, "browser_mark"));

    text_copy(child->mark, sizeof child->mark, mark ? mark : "");
}
