/* The note of the stop, and its timer. */
#include "worker/delivery/pause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"

#define NOTE "pause"
#define LOOK_AGAIN_MS 10000 /* the wall clock may be changed while the timer runs */

struct pause {
    struct queue *queue;
    struct delivery *delivery;
    struct event *timer;
    int64_t until_ms; /* wall clock; 0: no end */
    int64_t over_ms;  /* monotonic: then it is over, whatever the wall clock says */
    bool kept;        /* there is a note on disk */
};

static int64_t
left_ms(const struct pause *pause)
{
    int64_t by_wall = pause->until_ms - clock_wall_ms(),
            by_monotonic = pause->over_ms - clock_monotonic_ms();

    return by_wall < by_monotonic ? by_wall : by_monotonic;
}

static void
arm(struct pause *pause)
{
    int64_t left = left_ms(pause);
    struct timeval timeout = clock_timeval(left < LOOK_AGAIN_MS ? left : LOOK_AGAIN_MS);

    evtimer_add(pause->timer, &timeout);
}

/* The note stays: if the process dies before the supervisor has heard of the start, the next one is
 * told that the worker is stopped, and learns from the note that this is over. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct pause *pause = arg;

    (void)fd;
    (void)what;
    if (left_ms(pause) > 0) {
        arm(pause);
        return;
    }
    log_info("the worker was stopped until now: starting it");
    pause->until_ms = 0;
    delivery_boot(pause->delivery);
}

struct pause *
pause_new(struct event_base *base, struct queue *queue, struct delivery *delivery)
{
    struct pause *pause = mem_alloc(sizeof *pause);

    pause->queue = queue;
    pause->delivery = delivery;
    pause->timer = loop_timer(base, on_timer, pause);
    return pause;
}

void
pause_free(struct pause *pause)
{
    event_free(pause->timer);
    free(pause);
}

/* What a person sees: the reason, or at least the end. */
static void
stop(struct pause *pause, const char *reason)
{
    char time[CLOCK_TEXT_BYTES], text[CLOCK_TEXT_BYTES + 8] = "";

    if (pause->until_ms) {
        clock_text(pause->until_ms, time);
        snprintf(text, sizeof text, "until %s", time);
    }
    delivery_stop(pause->delivery, *reason ? reason : text);
}

/* longest_ms: as much time was left when a person stopped it. */
static void
begin(struct pause *pause, const char *reason, int64_t until_ms, int64_t longest_ms)
{
    int64_t left = until_ms - clock_wall_ms();

    evtimer_del(pause->timer);
    pause->until_ms = until_ms;
    pause->over_ms = clock_monotonic_ms() + (left < longest_ms ? left : longest_ms);
    stop(pause, reason);
    if (until_ms)
        arm(pause);
}

static int
forget(struct pause *pause, struct err *err)
{
    evtimer_del(pause->timer);
    if (pause->kept && queue_keep(pause->queue, NOTE, NULL, err))
        return -1;
    pause->kept = false;
    return 0;
}

/* That it runs again matters more. */
static void
try_to_forget(struct pause *pause)
{
    struct err err;

    pause->until_ms = 0;
    if (forget(pause, &err))
        log_warning("cannot remove the note of the stopped worker: %s", err.text);
}

/* If a person stopped it, it was told so; the end of that may have come meanwhile. Then the note
 * stays, see on_timer. */
void
pause_boot(struct pause *pause, const char *worker)
{
    json_t *note = queue_kept(pause->queue, NOTE);
    const char *reason = json_string_value(json_object_get(note, "reason"));
    int64_t until_ms = json_integer_value(json_object_get(note, "until"));
    bool stopped = strcmp(worker, "stopped") == 0, ended = until_ms && until_ms <= clock_wall_ms();
    bool stays = stopped ? !ended : !*worker && until_ms && !ended;

    pause->kept = note != NULL;
    if (stays)
        begin(pause, reason ? reason : "", until_ms,
              json_integer_value(json_object_get(note, "longest")));
    else if (!stopped)
        try_to_forget(pause);
    if (!stays)
        delivery_boot(pause->delivery);
    json_decref(note);
}

static int
keep(struct pause *pause, const char *reason, int64_t until_ms, int64_t longest_ms, struct err *err)
{
    json_t *note = json_pack("{s:s s:I s:I}", "reason", reason, "until", (json_int_t)until_ms,
                             "longest", (json_int_t)longest_ms);
    int result = queue_keep(pause->queue, NOTE, note, err);

    json_decref(note);
    pause->kept = pause->kept || result == 0;
    return result;
}

int
pause_stop(struct pause *pause, const char *reason, int64_t until_ms, struct err *err)
{
    int64_t longest_ms = until_ms ? until_ms - clock_wall_ms() : 0;

    if (*reason || until_ms ? keep(pause, reason, until_ms, longest_ms, err) : forget(pause, err))
        return -1;
    begin(pause, reason, until_ms, longest_ms);
    return 0;
}

void
pause_end(struct pause *pause)
{
    try_to_forget(pause);
    delivery_start(pause->delivery);
}

void
pause_freeze(struct pause *pause)
{
    evtimer_del(pause->timer);
}

int64_t
pause_until_ms(const struct pause *pause)
{
    return pause->until_ms;
}
