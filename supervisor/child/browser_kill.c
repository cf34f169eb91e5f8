/* Kills a child's browsers on its behalf. */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/ipc/chan.h"
#include "supervisor/child/killer.h"
#include "supervisor/child/state.h"

static void start_in_time(struct child *child);

static void
answer(struct child *child)
{
    json_t *message = json_pack("{ss sI}", "type", "browsers_killed", "ended",
                                (json_int_t)child->browsers_killed);

    if (child->browsers_killed)
        log_about(LOG_INFO, child->workshop->name, "killed %u abandoned browsers",
                  child->browsers_killed);
    child->browsers_killed = 0;
    if (child->chan)
        chan_send(child->chan, message);
    json_decref(message);
}

/* A request that came meanwhile may be about a browser that started after the search. */
static void
on_browsers_killed(unsigned ended, void *arg)
{
    struct child *child = arg;

    killer_free(child->killer);
    child->killer = NULL;
    child->browsers_killed += ended;
    if (child->kill_again)
        start_in_time(child);
    else
        answer(child);
}

static void
start(struct child *child)
{
    struct err err = {0};

    child->kill_again = false;
    child->killed_browsers_ms = clock_monotonic_ms();
    if (*child->mark)
        child->killer =
            killer_start(child->host->base, child->mark, on_browsers_killed, child, &err);
    if (child->killer)
        return;
    if (*err.text)
        log_about(LOG_WARNING, child->workshop->name, "cannot look for abandoned browsers: %s",
                  err.text);
    answer(child);
}

void
child_kill_browsers_now(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;

    (void)fd;
    (void)what;
    if (!child->killer)
        start(child);
}

static void
start_in_time(struct child *child)
{
    int64_t due_ms =
        child->killed_browsers_ms ? child->killed_browsers_ms + child->host->kill_pause_ms : 0;
    int64_t now_ms = clock_monotonic_ms();
    struct timeval rest = clock_timeval(due_ms - now_ms);

    if (now_ms >= due_ms)
        start(child);
    else
        evtimer_add(child->kill_timer, &rest);
}

void
child_kill_browsers(struct child *child, const json_t *message)
{
    (void)message;
    if (child->killer)
        child->kill_again = true;
    else if (!evtimer_pending(child->kill_timer, NULL))
        start_in_time(child);
}

void
child_take_mark(struct child *child, const json_t *slice)
{
    const char *mark = json_string_value(json_object_get(slice, "browser_mark"));

    text_copy(child->mark, sizeof child->mark, mark ? mark : "");
}
