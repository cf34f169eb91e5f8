/* One question at a time; who comes while it is out shares the next one. */
#include "worker/io/browser_kill.h"

#include <stdlib.h>

#include "common/base/clock.h"

struct sweep_request {
    struct sweeps *sweeps;
    struct sweep_request *next;
    void (*done)(const struct erp_reply *reply, void *arg);
    void *arg;
    bool asked; /* the question that is out is its own */
    struct event *timer;
};

struct sweeps {
    struct event_base *base;
    void (*ask)(void *arg);
    void *arg;
    struct sweep_request *list;
    bool out; /* a question is */
};

static void
finish(struct sweep_request *request, const struct erp_reply *reply)
{
    void (*done)(const struct erp_reply *reply, void *arg) = request->done;
    void *arg = request->arg;

    sweeps_cancel(request);
    done(reply, arg);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    static const struct erp_reply late = {.sent = true, .error = "no sweep in time"},
                                  none = {.sent = true, .complete = true, .status = 200};
    struct sweep_request *request = arg;

    (void)fd;
    (void)what;
    finish(request, request->sweeps->ask ? &late : &none);
}

static void
ask(struct sweeps *sweeps)
{
    if (sweeps->out || !sweeps->list || !sweeps->ask)
        return;
    sweeps->out = true;
    for (struct sweep_request *request = sweeps->list; request; request = request->next)
        request->asked = true;
    sweeps->ask(sweeps->arg);
}

struct sweep_request *
sweeps_ask(struct sweeps *sweeps, unsigned timeout_ms,
           void (*done)(const struct erp_reply *reply, void *arg), void *arg)
{
    struct sweep_request *request = mem_alloc(sizeof *request);
    struct timeval timeout = clock_timeval(sweeps->ask ? timeout_ms : 0);

    *request =
        (struct sweep_request){.sweeps = sweeps, .next = sweeps->list, .done = done, .arg = arg};
    request->timer = evtimer_new(sweeps->base, on_timer, request);
    if (!request->timer)
        die_abort("no memory for a timer");
    evtimer_add(request->timer, &timeout);
    sweeps->list = request;
    ask(sweeps);
    return request;
}

void
sweeps_cancel(struct sweep_request *request)
{
    for (struct sweep_request **link = &request->sweeps->list; *link; link = &(*link)->next)
        if (*link == request) {
            *link = request->next;
            break;
        }
    event_free(request->timer);
    free(request);
}

/* Whoever it was asked for; done may ask, cancel and end others. */
static struct sweep_request *
next_asked(const struct sweeps *sweeps)
{
    struct sweep_request *request = sweeps->list;

    while (request && !request->asked)
        request = request->next;
    return request;
}

void
sweeps_answer(struct sweeps *sweeps, unsigned ended)
{
    const struct erp_reply reply = {.sent = true, .complete = true, .status = 200, .ended = ended};
    struct sweep_request *request;

    while ((request = next_asked(sweeps)))
        finish(request, &reply);
    sweeps->out = false;
    ask(sweeps);
}

struct sweeps *
sweeps_new(struct event_base *base, void (*ask_for)(void *arg), void *arg)
{
    struct sweeps *sweeps = mem_alloc(sizeof *sweeps);

    *sweeps = (struct sweeps){.base = base, .ask = ask_for, .arg = arg};
    return sweeps;
}

void
sweeps_free(struct sweeps *sweeps)
{
    if (!sweeps)
        return;
    while (sweeps->list)
        sweeps_cancel(sweeps->list);
    free(sweeps);
}
