#include "supervisor/console/upstream/feed.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/http/sse.h"
#include "common/http/upstream.h"
#include "common/json/text.h"

#define AGAIN_MS 500

struct feed {
    struct event_base *base;
    char *socket_path;
    struct upstream_call *call; /* NULL: it waits to try again */
    struct sse *sse;
    struct event *again;
    json_t *slugs;          /* by slug and by name */
    bool up, told, changed; /* told: slugs are the daemon's; changed: since the last event */
    bool warned;            /* of this outage */
    feed_fn *on_event;
    void *arg;
};

static void
forget(struct feed *feed, const char *slug)
{
    const char *name;
    json_t *of;
    void *next;

    json_object_foreach_safe(feed->slugs, next, name, of)
    {
        if (strcmp(json_string_value(of), slug) == 0) {
            json_object_del(feed->slugs, name);
            feed->changed = true;
        }
    }
}

static void
learn(struct feed *feed, const json_t *integration)
{
    const char *slug = json_string_value(json_object_get(integration, "slug"));
    const char *name = json_string_value(json_object_get(integration, "workshop"));

    if (!slug || !name)
        return;
    if (!feed_slug(feed, name)) { /* it is new, or has another name now */
        forget(feed, slug);
        feed->changed = true;
    }
    /* A name that is another's slug means that one, as it does for the daemon. */
    if (!json_object_get(feed->slugs, name))
        json_object_set_new(feed->slugs, name, json_string(slug));
    json_object_set_new(feed->slugs, slug, json_string(slug));
}

static void
learn_all(struct feed *feed, const json_t *snapshot)
{
    json_t *integration;
    size_t i;

    json_object_clear(feed->slugs);
    feed->told = feed->changed = true;
    json_array_foreach(json_object_get(snapshot, "integrations"), i, integration)
    {
        learn(feed, integration);
    }
}

/* An event without a known workshop is dropped: which accounts may see it is unknown. */
static void
pass_on(struct feed *feed, const char *name, const char *data, const json_t *event)
{
    const char *workshop = json_string_value(json_object_get(event, "slug"))
                               ?: json_string_value(json_object_get(event, "workshop"));
    const char *slug = workshop ? feed_slug(feed, workshop) : NULL;

    if (slug)
        feed->on_event(name, slug, data, feed->arg);
}

static void
on_sse(const char *name, const char *data, void *arg)
{
    struct feed *feed = arg;
    struct err err;
    json_t *event = json_text_read(data, strlen(data), 0, &err);

    feed->changed = false;
    if (strcmp(name, "snapshot") == 0) {
        learn_all(feed, event);
        feed->up = true;
        feed->warned = false;
    } else if (event) {
        if (strcmp(name, "integration") == 0)
            learn(feed, event);
        pass_on(feed, name, data, event);
        if (strcmp(name, "removed") == 0)
            forget(feed, json_string_value(json_object_get(event, "slug")) ?: "");
    }
    if (feed->changed)
        feed->on_event("known", NULL, "{}", feed->arg);
    if (strcmp(name, "snapshot") == 0)
        feed->on_event("reset", NULL, "{}", feed->arg);
    json_decref(event);
}

static int
on_part(const char *bytes, size_t length, void *arg)
{
    struct feed *feed = arg;

    return sse_feed(feed->sse, bytes, length);
}

static void
warn(struct feed *feed, const struct upstream_reply *reply)
{
    if (feed->up)
        log_warning("lost the daemon's event stream: %.200s",
                    reply->status ? "it is stopping" : reply->body);
    else if (!feed->warned && reply->status)
        log_warning("the daemon at %s refuses the event stream with status %d; retrying",
                    feed->socket_path, reply->status);
    else if (!feed->warned)
        log_warning("cannot reach the daemon at %s: %.200s; retrying", feed->socket_path,
                    reply->body);
    feed->warned = true;
}

static void
on_done(const struct upstream_reply *reply, void *arg)
{
    struct feed *feed = arg;
    struct timeval pause = clock_timeval(AGAIN_MS);

    warn(feed, reply);
    feed->call = NULL;
    if (feed->up)
        feed->on_event("down", NULL, "{}", feed->arg);
    feed->up = false;
    evtimer_add(feed->again, &pause);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
    const struct upstream_request request = {.method = "GET", .target = "/events"};
    struct feed *feed = arg;

    (void)fd;
    (void)what;
    sse_free(feed->sse);
    feed->sse = sse_new(on_sse, feed);
    feed->call = upstream_follow(feed->base, feed->socket_path, &request, FEED_QUIET_S, on_part,
                                 on_done, feed);
}

struct feed *
feed_open(struct event_base *base, const char *socket_path, const json_t *known, feed_fn *on_event,
          void *arg)
{
    struct feed *feed = mem_alloc(sizeof *feed);

    *feed = (struct feed){.base = base, .told = known, .on_event = on_event, .arg = arg};
    feed->slugs = known ? json_deep_copy(known) : json_object();
    feed->socket_path = mem_string(socket_path);
    feed->again = loop_timer(base, on_again, feed);
    feed->sse = sse_new(on_sse, feed);
    on_again(-1, 0, feed);
    return feed;
}

void
feed_close(struct feed *feed)
{
    if (feed->call)
        upstream_cancel(feed->call);
    sse_free(feed->sse);
    event_free(feed->again);
    json_decref(feed->slugs);
    free(feed->socket_path);
    free(feed);
}

bool
feed_is_up(const struct feed *feed)
{
    return feed->up;
}

const char *
feed_slug(const struct feed *feed, const char *workshop)
{
    return json_string_value(json_object_get(feed->slugs, workshop));
}

const json_t *
feed_known(const struct feed *feed)
{
    return feed->told ? feed->slugs : NULL;
}
