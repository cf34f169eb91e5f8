/* A job without a queue record or a policy. */
#include "worker/delivery/inquiry.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/order/reason.h"
#include "worker/delivery/steps.h"

struct inquiry {
    struct inquiries *inquiries;
    struct inquiry *next;
    struct order order;
    struct erp_facts facts;
    struct steps steps;
    struct event *cleanup; /* in a turn of its own; NULL until it has ended */
    delivery_answer *ended;
    void *arg;
};

static bool
has_ended(const struct inquiry *inquiry)
{
    return inquiry->cleanup != NULL;
}

static void
inquiry_free(struct inquiry *inquiry)
{
    struct inquiries *all = inquiry->inquiries;

    for (struct inquiry **link = &all->list; *link; link = &(*link)->next)
        if (*link == inquiry) {
            *link = inquiry->next;
            break;
        }
    all->count--;
    if (inquiry->cleanup)
        event_free(inquiry->cleanup);
    free(inquiry);
}

/* Others may wait for a login that it was at. */
static void
leave(struct inquiry *inquiry)
{
    struct inquiries *all = inquiry->inquiries;
    struct session *session = inquiry->steps.session;

    if (!session)
        return;
    steps_leave(&inquiry->steps);
    session_release(session);
    all->under_way--;
    all->stepped(session, all->arg);
}

static void
on_cleanup(evutil_socket_t fd, short what, void *arg)
{
    struct inquiry *inquiry = arg;
    struct inquiries *all = inquiry->inquiries;

    (void)fd;
    (void)what;
    leave(inquiry);
    inquiry_free(inquiry);
    all->gone(all->arg);
}

static void
tell(struct inquiry *inquiry, enum erp_verdict verdict, const struct erp_outcome *outcome)
{
    delivery_answer *ended = inquiry->ended;

    inquiry->ended = NULL;
    if (ended)
        ended(verdict, outcome, &inquiry->facts, inquiry->arg);
}

/* A refused password is not tried again by the next order or question. */
static void
note_refused(struct inquiry *inquiry, const struct erp_outcome *outcome)
{
    const struct delivery_setup *setup = inquiry->inquiries->setup;
    struct session *session = inquiry->steps.session;

    if (!inquiry->steps.erp.auth || session->refused_ms)
        return;
    session->refused_ms = clock_monotonic_ms();
    queue_set_refused(setup->queue, setup->credentials, queue_run_ms(setup->queue));
    inquiry->inquiries->refused(outcome, inquiry->inquiries->arg);
}

static void
on_ended(enum erp_verdict verdict, const struct erp_outcome *outcome, void *arg)
{
    struct inquiry *inquiry = arg;

    if (verdict == ERP_PARK)
        note_refused(inquiry, outcome);
    inquiry->cleanup = loop_timer(inquiry->inquiries->setup->base, on_cleanup, inquiry);
    event_add(inquiry->cleanup, &(struct timeval){0, 0});
    tell(inquiry, verdict, outcome);
}

static void
on_stepped(const struct session *session, void *arg)
{
    const struct inquiry *inquiry = arg;
    struct inquiries *all = inquiry->inquiries;

    all->stepped(session, all->arg);
}

struct inquiry *
inquiry_new(struct inquiries *all, enum erp_purpose purpose, const struct order *order,
            delivery_answer *ended, void *arg)
{
    static const struct steps_events events = {.ended = on_ended, .stepped = on_stepped};
    struct inquiry *inquiry, **last = &all->list;

    if (all->count >= INQUIRIES_MAX)
        return NULL;
    inquiry = mem_alloc(sizeof *inquiry);
    *inquiry = (struct inquiry){.inquiries = all, .order = *order, .ended = ended, .arg = arg};
    inquiry->steps = (struct steps){
        .setup = all->setup,
        .sessions = all->sessions,
        .turn = all->turn,
        .erp = {.purpose = purpose,
                .facts = &inquiry->facts,
                .order = &inquiry->order,
                .auth = all->setup->credentials->username ? all->setup->credentials : NULL,
                .workshop = all->setup->workshop->name},
        .events = &events,
        .arg = inquiry};
    while (*last)
        last = &(*last)->next;
    *last = inquiry;
    all->count++;
    return inquiry;
}

void
inquiry_forget(struct inquiry *inquiry)
{
    inquiry->ended = NULL;
    if (!inquiry->steps.session && !has_ended(inquiry))
        inquiry_free(inquiry);
}

/* The next step without a reply. */
static void
go(struct inquiry *inquiry)
{
    struct erp_outcome outcome;

    if (!inquiry->steps.session->refused_ms) {
        steps_go(&inquiry->steps, NULL);
        return;
    }
    erp_end(&outcome, ERP_PARK, REASON_AUTH_FAILED,
            "not sent: the ERP recently refused these credentials");
    on_ended(ERP_PARK, &outcome, inquiry);
}

static unsigned
limit_of(const struct inquiries *all)
{
    return all->setup->driver->one_session ? 1 : INQUIRIES_AT_ONCE;
}

void
inquiries_go(struct inquiries *all)
{
    struct inquiry *inquiry, *next;

    for (inquiry = all->list; inquiry && all->under_way < limit_of(all); inquiry = next) {
        const struct credentials *auth = inquiry->steps.erp.auth;

        next = inquiry->next;
        if (inquiry->steps.session || has_ended(inquiry))
            continue;
        if (!sessions_make_way(all->sessions, auth))
            return;
        all->under_way++;
        inquiry->steps.session = session_acquire(all->sessions, auth);
        go(inquiry);
    }
}

void
inquiries_hurry(struct inquiries *all)
{
    for (struct inquiry *inquiry = all->list; inquiry; inquiry = inquiry->next)
        if (inquiry->steps.session)
            inquiry->steps.erp.hurry = true;
}

void
inquiries_stepped(struct inquiries *all, const struct session *session)
{
    for (struct inquiry *inquiry = all->list; inquiry; inquiry = inquiry->next)
        if (inquiry->steps.waiting && inquiry->steps.session == session) {
            inquiry->steps.waiting = false;
            go(inquiry);
        }
}

void
inquiries_clear(struct inquiries *all)
{
    struct erp_outcome outcome;

    erp_end(&outcome, ERP_RETRY, REASON_ERP_BUSY, "the worker is stopping");
    while (all->list) {
        struct inquiry *inquiry = all->list;

        tell(inquiry, ERP_RETRY, &outcome);
        leave(inquiry);
        inquiry_free(inquiry);
    }
}
