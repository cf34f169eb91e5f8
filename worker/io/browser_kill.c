/* One request at a time; callers that come meanwhile share the next one. */
#include "worker/io/browser_kill.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/loop.h"

struct browser_kill_request {
    struct browser_killer *browser_killer;
    struct browser_kill_request *next;
    void (*done)(const struct erp_reply *reply, void *arg);
    void *arg;
    bool asked; /* it caused the current request */
    struct event *timer;
};

struct browser_killer {
    struct event_base *base;
    void (*ask)(void *arg);
    void *arg;
    struct browser_kill_request *list;
    bool out; /* a request is pending */
};

static void
finish(struct browser_kill_request *request, const struct erp_reply *reply)
{
    void (*done)(const struct erp_reply *reply, void *arg) = request->done;
    void *arg = request->arg;

    browser_killer_cancel(request);
    done(reply, arg);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    static const struct erp_reply late = {.sent = true,
                                          .error = "timed out while ending old browsers"},
                                  none = {.sent = true, .complete = true, .status = 200};
    struct browser_kill_request *request = arg;

    (void)fd;
    (void)what;
    finish(request, request->browser_killer->ask ? &late : &none);
}

static void
ask(struct browser_killer *browser_killer)
{
    if (browser_killer->out || !browser_killer->list || !browser_killer->ask)
        return;
    browser_killer->out = true;
    for (struct browser_kill_request *request = browser_killer->list; request;
         request = request->next)
        request->asked = true;
    browser_killer->ask(browser_killer->arg);
}

struct browser_kill_request *
browser_killer_ask(struct browser_killer *browser_killer, unsigned timeout_ms,
                   void (*done)(const struct erp_reply *reply, void *arg), void *arg)
{
    struct browser_kill_request *request = mem_alloc(sizeof *request);
    struct timeval timeout = clock_timeval(browser_killer->ask ? timeout_ms : 0);

    *request = (struct browser_kill_request){
        .browser_killer = browser_killer, .next = browser_killer->list, .done = done, .arg = arg};
    request->timer = loop_timer(browser_killer->base, on_timer, request);
    evtimer_add(request->timer, &timeout);
    browser_killer->list = request;
    ask(browser_killer);
    return request;
}

void
browser_killer_cancel(struct browser_kill_request *request)
{
    for (struct browser_kill_request **link = &request->browser_killer->list; *link;
         link = &(*link)->next)
        if (*link == request) {
            *link = request->next;
            break;
        }
    event_free(request->timer);
    free(request);
}

/* The caller's; done may ask, cancel and end others. */
static struct browser_kill_request *
next_asked(const struct browser_killer *browser_killer)
{
    struct browser_kill_request *request = browser_killer->list;

    while (request && !request->asked)
        request = request->next;
    return request;
}

void
browser_killer_answer(struct browser_killer *browser_killer, unsigned ended)
{
    const struct erp_reply reply = {.sent = true, .complete = true, .status = 200, .ended = ended};
    struct browser_kill_request *request;

    while ((request = next_asked(browser_killer)))
        finish(request, &reply);
    browser_killer->out = false;
    ask(browser_killer);
}

struct browser_killer *
browser_killer_new(struct event_base *base, void (*ask_for)(void *arg), void *arg)
{
    struct browser_killer *browser_killer = mem_alloc(sizeof *browser_killer);

    *browser_killer = (struct browser_killer){.base = base, .ask = ask_for, .arg = arg};
    return browser_killer;
}

void
browser_killer_free(struct browser_killer *browser_killer)
{
    if (!browser_killer)
        return;
    while (browser_killer->list)
        browser_killer_cancel(browser_killer->list);
    free(browser_killer);
}
