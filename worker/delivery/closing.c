/* A job without an order, a queue record or a policy. */
#include "worker/delivery/closing.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "worker/delivery/steps.h"

struct closing {
    struct closings *closings;
    struct closing *next;
    struct session *session;
    struct steps steps;
    struct event *timer; /* the deadline; after the job's end: its cleanup, in its own turn */
    bool ended;
};

static void
closing_free(struct closing *closing, bool keep)
{
    struct closings *closings = closing->closings;

    for (struct closing **link = &closings->list; *link; link = &(*link)->next)
        if (*link == closing) {
            *link = closing->next;
            break;
        }
    steps_leave(&closing->steps);
    session_discard(closings->sessions, closing->session, keep);
    event_free(closing->timer);
    free(closing);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct closing *closing = arg;
    struct closings *closings = closing->closings;

    (void)fd;
    (void)what;
    if (!closing->ended)
        log_warning("could not close an ERP session within %u s; retrying at the next start",
                    closings->setup->closing_ms / 1000);
    closing_free(closing, !closing->ended);
    closings->done(closings->arg);
}

static void
on_ended(enum erp_verdict verdict, const struct erp_outcome *outcome, void *arg)
{
    struct closing *closing = arg;

    if (verdict != ERP_CREATED)
        log_warning("cannot close an ERP session: %s: %s", outcome->reason_code,
                    outcome->reason_text);
    closing->ended = true;
    event_add(closing->timer, &(struct timeval){0, 0});
}

void
closing_start(struct closings *closings, struct session *session)
{
    static const struct steps_events events = {.ended = on_ended};
    struct closing *closing = mem_alloc(sizeof *closing);
    struct timeval deadline = clock_timeval(closings->setup->closing_ms);

    *closing = (struct closing){.closings = closings, .next = closings->list, .session = session};
    closing->steps = (struct steps){.setup = closings->setup,
                                    .sessions = closings->sessions,
                                    .session = session,
                                    .turn = closings->turn,
                                    .erp.workshop = closings->setup->workshop->name,
                                    .events = &events,
                                    .arg = closing};
    closing->timer = loop_timer(closings->setup->base, on_timer, closing);
    evtimer_add(closing->timer, &deadline);
    closings->list = closing;
    steps_go(&closing->steps, NULL);
}

void
closings_adopt(struct closings *closings)
{
    json_t *notes, *note;
    size_t i;

    if (!closings->setup->driver->session_adopt)
        return;
    notes = queue_session_notes(closings->setup->queue);
    if (json_array_size(notes))
        log_info("closing %zu ERP sessions left open by an earlier process",
                 json_array_size(notes));
    json_array_foreach(notes, i, note)
        closing_start(closings, session_adopt(closings->sessions, json_string_value(note)));
    json_decref(notes);
}

void
closings_clear(struct closings *closings)
{
    while (closings->list)
        closing_free(closings->list, !closings->list->ended);
}
