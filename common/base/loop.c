/* An event base with priorities. */
#include "common/base/loop.h"

#include <event2/buffer.h>

#include "common/base/clock.h"
#include "common/base/err.h"

/* After this long, the loop checks for events of a higher priority. */
#define WORK_MS 5
#define WORK_CALLBACKS 64

struct event_base *
loop_new(void)
{
    struct event_config *config = event_config_new();
    struct timeval interval = clock_timeval(WORK_MS);
    struct event_base *base;

    if (!config ||
        event_config_set_max_dispatch_interval(config, &interval, WORK_CALLBACKS, LOOP_WORK))
        die_abort("cannot create an event loop");
    base = event_base_new_with_config(config);
    event_config_free(config);
    if (!base || event_base_priority_init(base, LOOP_PRIORITIES))
        die_abort("cannot create an event loop");
    return base;
}

struct event *
loop_event(struct event_base *base, int fd, short what, event_callback_fn callback, void *arg)
{
    struct event *event = event_new(base, fd, what, callback, arg);

    if (!event)
        die_abort("cannot create an event");
    return event;
}

struct event *
loop_timer(struct event_base *base, event_callback_fn callback, void *arg)
{
    return loop_event(base, -1, 0, callback, arg);
}

void
loop_add(struct event *event, const struct timeval *after)
{
    if (event_add(event, after))
        die_abort("cannot add an event to the loop");
}

/* A base without priorities (in tests) is left as it is. */
struct event *
loop_control_event(struct event_base *base, int fd, short what, event_callback_fn callback,
                   void *arg)
{
    struct event *event = loop_event(base, fd, what, callback, arg);

    event_priority_set(event, LOOP_CONTROL);
    return event;
}

int
loop_write_now(struct bufferevent *bev)
{
    struct evbuffer *output = bufferevent_get_output(bev);
    int result;

    evbuffer_unfreeze(output, 1); /* otherwise only its bufferevent may drain it */
    result = evbuffer_write(output, bufferevent_getfd(bev));
    evbuffer_freeze(output, 1);
    return result;
}
