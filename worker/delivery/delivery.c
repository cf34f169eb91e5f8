/* Puts the parts of the worker loop together: orders, sessions, questions. */
#include "worker/delivery/delivery.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "worker/delivery/internal.h"

/* --- what is open in the ERP --- */

static void
arm_idle(struct delivery *d)
{
    int64_t at_ms = sessions_idle_at_ms(&d->jobs.sessions);
    struct timeval pause = clock_timeval(at_ms - clock_monotonic_ms());

    if (at_ms == NEVER)
        evtimer_del(d->idle);
    else
        evtimer_add(d->idle, &pause);
}

static void
on_idle(evutil_socket_t fd, short what, void *arg)
{
    struct delivery *d = arg;

    (void)fd;
    (void)what;
    sessions_drop_idle(&d->jobs.sessions, clock_monotonic_ms());
    arm_idle(d);
}

static void
close_session(struct session *session, void *arg)
{
    struct delivery *d = arg;

    closing_start(&d->closings, session);
}

static void
on_closed(void *arg)
{
    struct delivery *d = arg;

    jobs_resume(&d->jobs);
    delivery_pump_soon(d);
    d->setup.changed(d->setup.arg);
}

static void
on_job_gone(void *arg)
{
    struct delivery *d = arg;

    arm_idle(d);
    delivery_pump_soon(d);
    d->setup.changed(d->setup.arg);
}

/* --- questions --- */

static void
on_job_stepped(const struct session *session, void *arg)
{
    struct delivery *d = arg;

    inquiries_stepped(&d->inquiries, session);
}

static void
on_inquiry_stepped(const struct session *session, void *arg)
{
    struct delivery *d = arg;

    jobs_stepped(&d->jobs, session);
    inquiries_stepped(&d->inquiries, session);
}

/* As if an order had found it out: nothing is asked again until a person has corrected it. */
static void
on_inquiry_refused(const struct erp_outcome *outcome, void *arg)
{
    delivery_job_ended(POLICY_REFUSES, "", outcome, arg);
}

static void
on_inquiry_gone(void *arg)
{
    struct delivery *d = arg;

    jobs_resume(&d->jobs);
    arm_idle(d);
    delivery_pump_soon(d);
}

/* --- the contract --- */

static unsigned
limit_of(const struct delivery_setup *setup)
{
    unsigned configured = setup->workshop->max_in_flight,
             wanted = configured ? configured : setup->driver->max_in_flight,
             limit = setup->driver->max_in_flight_limit;

    return limit && wanted > limit ? limit : wanted;
}

struct delivery *
delivery_new(const struct delivery_setup *setup)
{
    static const struct turn_events turn_events = {steps_reply, steps_not_sent, steps_commits};
    struct delivery *d = mem_alloc(sizeof *d);

    d->setup = *setup;
    d->probe_ms = NEVER;
    d->limit = limit_of(setup);
    d->turn = turn_new(setup->base, setup->queue, &turn_events);
    d->jobs = (struct jobs){.setup = &d->setup,
                            .turn = d->turn,
                            .sessions = {.driver = setup->driver,
                                         .erp = setup->erp,
                                         .queue = setup->queue,
                                         .close = close_session,
                                         .arg = d},
                            .ended = delivery_job_ended,
                            .stepped = on_job_stepped,
                            .gone = on_job_gone,
                            .arg = d};
    d->inquiries = (struct inquiries){.setup = &d->setup,
                                      .sessions = &d->jobs.sessions,
                                      .turn = d->turn,
                                      .refused = on_inquiry_refused,
                                      .stepped = on_inquiry_stepped,
                                      .gone = on_inquiry_gone,
                                      .arg = d};
    d->closings = (struct closings){.setup = &d->setup,
                                    .sessions = &d->jobs.sessions,
                                    .turn = d->turn,
                                    .done = on_closed,
                                    .arg = d};
    d->pump = loop_event(setup->base, -1, 0, delivery_on_pump, d);
    d->timer = loop_timer(setup->base, delivery_on_pump, d);
    d->idle = loop_timer(setup->base, on_idle, d);
    return d;
}

void
delivery_free(struct delivery *d)
{
    if (!d)
        return;
    closings_clear(&d->closings);
    inquiries_clear(&d->inquiries);
    jobs_clear(&d->jobs);
    turn_free(d->turn);
    event_free(d->pump);
    event_free(d->timer);
    event_free(d->idle);
    free(d);
}

void
delivery_tidy(struct delivery *d)
{
    closings_adopt(&d->closings);
}

void
delivery_close(struct delivery *d)
{
    d->ending = true;
    inquiries_clear(&d->inquiries);
    jobs_give_up(&d->jobs);
    sessions_drop_unused(&d->jobs.sessions);
    evtimer_del(d->idle);
}

unsigned
delivery_closing(const struct delivery *d)
{
    return d->jobs.sessions.closing;
}

void
delivery_wake(struct delivery *d)
{
    delivery_pump_soon(d);
}

int
delivery_askable(const struct delivery *d, struct err *err)
{
    if (d->ending)
        return err_set(err, "stopping", "this workshop is stopping");
    if (d->state == STOPPED)
        return err_set(err, "worker_stopped", "the worker is stopped: it does not ask the ERP");
    if (d->state == PARKED)
        return err_set(err, d->reason, "the worker is parked: %s", d->text);
    return 0;
}

struct inquiry *
delivery_ask(struct delivery *d, enum erp_purpose purpose, const struct order *order,
             delivery_answer *ended, void *arg, struct err *err)
{
    struct inquiry *inquiry;

    if (delivery_askable(d, err))
        return NULL;
    inquiry = inquiry_new(&d->inquiries, purpose, order, ended, arg);
    if (!inquiry)
        err_set(err, "busy", "too many questions are waiting for the ERP");
    delivery_pump_soon(d);
    return inquiry;
}

const char *
delivery_cannot_check(const struct delivery *d)
{
    const struct erp_driver *driver = d->setup.driver;

    if (driver->needs_credentials && !d->setup.credentials->username)
        return "cannot query the ERP: the workshop's file has no credentials";
    if (driver->can_check && !driver->can_check(d->setup.erp))
        return "this workshop's ERP does not answer questions about worksheets; for the file "
               "driver, set erp.worksheets";
    return NULL;
}

unsigned
delivery_in_hand(const struct delivery *d)
{
    return d->jobs.in_hand;
}
