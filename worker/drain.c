/* Checks every few milliseconds whether there is still something to wait for. */
#include "worker/drain.h"

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"

#define LOOK_MS 20
#define READ_MS 2000  /* for clients that have just connected to send their request */
#define KILL_MS 1000  /* for the reply of PUT /kill to be sent */
#define CLOSE_MS 4000 /* for sessions to be closed if the orders used up the time */

static bool
is_busy(const struct drain *drain)
{
    /* A disk that fails at once would cause a hundred restarts a second. */
    return queue_broken(drain->queue) || delivery_in_hand(drain->delivery) ||
           http_server_open_calls(drain->server) || api_pending(drain->api) ||
           (clock_monotonic_ms() < drain->read_by_ms && http_server_expects_request(drain->server));
}

/* The orders are done, or the time is nearly up: now close what is open in the ERP. */
static void
close_sessions(struct drain *drain, int64_t within_ms)
{
    if (drain->close_by_ms)
        return;
    drain->close_by_ms = clock_monotonic_ms() + within_ms;
    delivery_close(drain->delivery);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct drain *drain = arg;
    int64_t now_ms = clock_monotonic_ms();
    bool late = now_ms >= drain->stop_by_ms;
    struct timeval look = clock_timeval(LOOK_MS);

    (void)fd;
    (void)what;
    if (!late && is_busy(drain)) {
        evtimer_add(drain->timer, &look);
        return;
    }
    if (late && !drain->close_by_ms)
        log_warning("stopped with %u order%s in flight, looked up in the ERP at the next start",
                    delivery_in_hand(drain->delivery), plural(delivery_in_hand(drain->delivery)));
    close_sessions(drain, (late ? 0 : drain->stop_by_ms - now_ms) + CLOSE_MS);
    if (delivery_closing(drain->delivery) && now_ms < drain->close_by_ms)
        evtimer_add(drain->timer, &look);
    else
        event_base_loopbreak(drain->base);
}

void
drain_open(struct drain *drain)
{
    drain->timer = loop_timer(drain->base, on_timer, drain);
}

void
drain_close(struct drain *drain)
{
    event_free(drain->timer);
}

void
drain_start(struct drain *drain, int64_t within_ms)
{
    if (drain->stop_by_ms)
        return;
    drain->stop_by_ms = clock_monotonic_ms() + within_ms;
    drain->read_by_ms = clock_monotonic_ms() + READ_MS;
    api_stop(drain->api);
    delivery_stop(drain->delivery, "");
    http_server_stop_accepting(drain->server);
    event_active(drain->timer, EV_TIMEOUT, 0);
}

void
drain_kill(struct drain *drain)
{
    drain->stop_by_ms = clock_monotonic_ms() + KILL_MS;
    close_sessions(drain, KILL_MS);
    event_active(drain->timer, EV_TIMEOUT, 0);
}

void
drain_killed(struct drain *drain)
{
    drain->stop_by_ms = clock_monotonic_ms();
    event_active(drain->timer, EV_TIMEOUT, 0);
}
