/* The list of the daemon's children, including those that leave. */
#include "supervisor/daemon/children.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"

#define LAST_REPLIES_MS 50 /* for the control socket's clients, after the last child has gone */

/* For a queue whose workshop is not configured, or faulty; no ERP is called. */
struct workshop_config *
children_stand_in(const char *slug, const char *queue)
{
    struct json_faults faults = {0};
    json_t *document = json_pack("{ss ss s{ss ss}}", "workshop", slug, "listen", "127.0.0.1:1",
                                 "erp", "system", "file", "folder", queue);
    struct workshop_config *workshop = workshop_config_new(slug, document, NULL, slug, &faults);

    if (!workshop)
        die_abort("%s: %s", slug, faults.items[0].text);
    json_decref(document);
    return workshop;
}

static bool
all_at_rest(const struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->total; i++)
        if (!child_at_rest(daemon->children[i]))
            return false;
    return true;
}

static void
leave_loop(struct daemon *daemon)
{
    struct timeval pause = clock_timeval(LAST_REPLIES_MS);

    if (daemon->leaving)
        return;
    daemon->leaving = true;
    if (daemon->observer.ending)
        daemon->observer.ending(daemon->observer.arg);
    event_base_loopexit(daemon->base, &pause);
}

struct workshop_config *
children_own_config(const struct child *child)
{
    return (struct workshop_config *)child->workshop;
}

static void
free_leaving(struct child *child)
{
    struct workshop_config *own = children_own_config(child);

    child_free(child);
    workshop_config_free(own);
}

static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *daemon = arg;
    size_t kept = daemon->child_count;

    (void)fd;
    (void)what;
    for (size_t i = daemon->child_count; i < daemon->total; i++)
        if (child_at_rest(daemon->children[i]))
            free_leaving(daemon->children[i]);
        else
            daemon->children[kept++] = daemon->children[i];
    daemon->total = kept;
    if (daemon->stopping && all_at_rest(daemon))
        leave_loop(daemon);
}

void
children_reap(struct daemon *daemon)
{
    struct timeval now = {0};

    evtimer_add(daemon->reap, &now);
}

static void
add_leaving(struct daemon *daemon, struct child *child)
{
    daemon->children = mem_resize(daemon->children, (daemon->total + 1) * sizeof *daemon->children);
    daemon->children[daemon->total++] = child;
}

struct child *
children_read(struct daemon *daemon, const struct child *of, struct err *err)
{
    struct child *child = child_new(
        &daemon->host, child_is_faulty(of) ? children_stand_in(of->workshop->slug, "/nonexistent")
                                           : workshop_config_copy(of->workshop));

    child->reads = true;
    add_leaving(daemon, child);
    if (child_maintain(child, err) == 0)
        return child;
    children_reap(daemon);
    return NULL;
}

static bool
is_tried(const struct daemon *daemon, const char *slug)
{
    for (size_t i = daemon->child_count; i < daemon->total; i++)
        if (daemon->children[i]->tries && strcmp(daemon->children[i]->workshop->slug, slug) == 0)
            return true;
    return false;
}

/* It has the workshop's name, but not its queue; where the workshop has a WebDriver server of its
 * own, it has another one. */
struct child *
children_try(struct daemon *daemon, struct workshop_config *workshop, json_t *order,
             struct err *err)
{
    struct child *child;

    if (is_tried(daemon, workshop->slug) && config_webdriver_own(daemon->config, workshop)) {
        workshop_config_free(workshop);
        json_decref(order);
        err_set(err, "busy", "this connection is being tested already: try again");
        return NULL;
    }
    child = child_new(&daemon->host, workshop);
    child->queue = mem_string("/nonexistent");
    child->order = order;
    add_leaving(daemon, child);
    if (child_try(child, err) == 0)
        return child;
    children_reap(daemon);
    return NULL;
}

int
children_maintain(struct daemon *daemon, const char *slug, const char *queue, struct err *err)
{
    struct child *child =
        child_new(&daemon->host, children_stand_in(slug, queue ?: "/nonexistent"));

    child->queue = queue ? mem_string(queue) : NULL;
    add_leaving(daemon, child);
    if (child_maintain(child, err) == 0)
        return 0;
    children_reap(daemon);
    return -1;
}

void
children_reconfigured(struct daemon *daemon)
{
    if (daemon->observer.reconfigured)
        daemon->observer.reconfigured(daemon->observer.arg);
}

struct child *
children_find(const struct daemon *daemon, const char *name_or_slug)
{
    const struct workshop_config *workshop = config_find(daemon->config, name_or_slug);

    for (size_t i = 0; workshop && i < daemon->child_count; i++)
        if (daemon->children[i]->workshop == workshop)
            return daemon->children[i];
    return NULL;
}

void
children_open(struct daemon *daemon)
{
    const struct daemon_config *config = daemon->config;

    daemon->child_count = daemon->total = config->workshop_count;
    daemon->children = mem_alloc((config->workshop_count + 1) * sizeof *daemon->children);
    for (size_t i = 0; i < config->workshop_count; i++)
        daemon->children[i] = child_new(&daemon->host, config->workshops[i]);
    daemon->reap = loop_timer(daemon->base, on_reap, daemon);
}

void
children_close(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->child_count; i++)
        child_free(daemon->children[i]);
    for (size_t i = daemon->child_count; i < daemon->total; i++)
        free_leaving(daemon->children[i]);
    event_free(daemon->reap);
    free(daemon->children);
}
