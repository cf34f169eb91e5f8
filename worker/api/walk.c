/* Searches, one step of one of them in a turn of the loop. */
#include "worker/api/internal.h"

#define BEGUN_MAX 4

static void
begin(struct api_walk *walk)
{
    struct find *find = &walk->find;

    *find = (struct find){.filter = &walk->filter, .each = find->each, .arg = walk};
    walk->over = false;
    walk->begun++;
    walk->begin(walk);
}

/* Replies, unless it is begun again. */
static bool
finish(struct api_walk *walk, const struct err *failed)
{
    static const struct err busy = {"busy", "many orders are being retried: try again later"};

    if (!failed && walk->whole && find_disturbed(walk->api->setup.queue, &walk->find)) {
        if (walk->begun < BEGUN_MAX) {
            begin(walk);
            return false;
        }
        failed = &busy;
    }
    walk->end(walk, failed);
    return true;
}

/* Whether it is done. */
static bool
step(struct api_walk *walk)
{
    struct err err;

    if (find_some(walk->api->setup.queue, &walk->find, &err))
        return finish(walk, &err);
    if (!walk->find.done && !walk->over && walk->find.looked < walk->looked_max)
        return false;
    return finish(walk, NULL);
}

void
api_walk_start(struct api_walk *walk)
{
    struct api *api = walk->api;

    begin(walk);
    if (step(walk))
        return;
    TAILQ_INSERT_TAIL(&api->walks, walk, link);
    event_active(api->walk, EV_TIMEOUT, 0);
}

void
api_walk_step(evutil_socket_t fd, short what, void *context)
{
    struct api *api = context;
    struct api_walk *walk = TAILQ_FIRST(&api->walks);

    (void)fd;
    (void)what;
    TAILQ_REMOVE(&api->walks, walk, link);
    if (!step(walk))
        TAILQ_INSERT_HEAD(&api->walks, walk, link);
    if (!TAILQ_EMPTY(&api->walks))
        event_active(api->walk, EV_TIMEOUT, 0);
}

void
api_walk_end(struct api *api)
{
    struct api_walk *walk;

    while ((walk = TAILQ_FIRST(&api->walks))) {
        TAILQ_REMOVE(&api->walks, walk, link);
        walk->end(walk, &api_stopping);
    }
}
