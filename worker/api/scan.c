/* Searches, one step of one of them in a turn of the loop. */
#include "worker/api/internal.h"

#define BEGUN_MAX 4

static void
begin(struct api_scan *scan)
{
    struct find *find = &scan->find;

    *find = (struct find){.filter = &scan->filter, .each = find->each, .arg = scan};
    scan->over = false;
    scan->begun++;
    scan->begin(scan);
}

/* Replies, unless it is begun again. */
static bool
finish(struct api_scan *scan, const struct err *failed)
{
    static const struct err busy = {"busy", "many orders are being retried: try again later"};

    if (!failed && scan->whole && find_disturbed(scan->api->setup.queue, &scan->find)) {
        if (scan->begun < BEGUN_MAX) {
            begin(scan);
            return false;
        }
        failed = &busy;
    }
    scan->end(scan, failed);
    return true;
}

/* Whether it is done. */
static bool
step(struct api_scan *scan)
{
    struct err err;

    if (find_some(scan->api->setup.queue, &scan->find, &err))
        return finish(scan, &err);
    if (!scan->find.done && !scan->over && scan->find.looked < scan->looked_max)
        return false;
    return finish(scan, NULL);
}

void
api_scan_start(struct api_scan *scan)
{
    struct api *api = scan->api;

    begin(scan);
    if (step(scan))
        return;
    TAILQ_INSERT_TAIL(&api->scans, scan, link);
    event_active(api->scan, EV_TIMEOUT, 0);
}

void
api_scan_step(evutil_socket_t fd, short what, void *context)
{
    struct api *api = context;
    struct api_scan *scan = TAILQ_FIRST(&api->scans);

    (void)fd;
    (void)what;
    TAILQ_REMOVE(&api->scans, scan, link);
    if (!step(scan))
        TAILQ_INSERT_HEAD(&api->scans, scan, link);
    if (!TAILQ_EMPTY(&api->scans))
        event_active(api->scan, EV_TIMEOUT, 0);
}

void
api_scan_end(struct api *api)
{
    struct api_scan *scan;

    while ((scan = TAILQ_FIRST(&api->scans))) {
        TAILQ_REMOVE(&api->scans, scan, link);
        scan->end(scan, &api_stopping);
    }
}
