/* From one configuration to the next. */
#include "supervisor/daemon/apply.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/daemon/children.h"
#include "supervisor/daemon/reload_rules.h"
#include "supervisor/system/boot.h"

/* The daemon's new list of children. */
struct next {
    struct child **children; /* as in struct daemon */
    enum reload_action *actions;
    size_t count, total;
};

/* Removed from the daemon's list, so that those left there belong to no workshop. */
static struct child *
take_child(struct daemon *daemon, const char *slug)
{
    for (size_t i = 0; i < daemon->total; i++) {
        struct child *child = daemon->children[i];

        if (child && !child->reads && !child->tries && strcmp(child->workshop->slug, slug) == 0) {
            daemon->children[i] = NULL;
            return child;
        }
    }
    return NULL;
}

/* A child that is still leaving when its workshop comes back is reused: two processes must not open
 * one queue. */
static struct child *
child_for(struct daemon *daemon, const struct workshop_config *workshop)
{
    const struct workshop_config *before = reload_find(daemon->config, workshop->slug);
    struct child *child = take_child(daemon, workshop->slug);
    struct workshop_config *own = child && !before ? children_own_config(child) : NULL;

    if (child)
        child_configure(child, workshop);
    else
        child = child_new(&daemon->host, workshop);
    workshop_config_free(own);
    return child;
}

/* The remaining children leave; until they are gone they need their old configuration. */
static void
keep_leaving(struct daemon *daemon, struct next *next)
{
    for (size_t i = 0; i < daemon->total; i++) {
        if (!daemon->children[i])
            continue;
        next->children[next->total++] = daemon->children[i];
        if (i < daemon->child_count)
            daemon->config->workshops[i] = NULL;
    }
}

static void
plan(struct daemon *daemon, const struct daemon_config *after, struct next *next)
{
    bool all_slices = reload_all_slices(daemon->config, after);

    next->children =
        mem_alloc((after->workshop_count + daemon->total + 1) * sizeof *next->children);
    next->actions = mem_alloc((after->workshop_count + 1) * sizeof *next->actions);
    next->count = next->total = after->workshop_count;
    for (size_t i = 0; i < after->workshop_count; i++) {
        const struct workshop_config *workshop = after->workshops[i];

        next->actions[i] = reload_action(
            reload_find(daemon->config, workshop->slug), workshop,
            all_slices || reload_neighbour_differs(daemon->config, after, workshop->slug));
        next->children[i] = child_for(daemon, workshop);
    }
    keep_leaving(daemon, next);
}

static void
restart_if_wanted(struct child *child)
{
    if (child->wanted == CHILD_UP)
        child_restart(child);
}

/* Stops first: a port that is given up may be another child's now. */
static void
carry_out(const struct next *next)
{
    static void (*const actions[])(struct child * child) = {[RELOAD_START] = child_start,
                                                            [RELOAD_STOP] = child_stop,
                                                            [RELOAD_TOKENS] = child_send_tokens,
                                                            [RELOAD_RESTART] = restart_if_wanted};

    for (size_t i = next->count; i < next->total; i++)
        child_stop(next->children[i]);
    for (size_t i = 0; i < next->count; i++)
        if (actions[next->actions[i]])
            actions[next->actions[i]](next->children[i]);
}

/* Workshops in both belong to the new one. */
static void
give_shared(struct daemon_config *before, const struct daemon_config *after)
{
    for (size_t i = 0; i < before->workshop_count; i++) {
        const struct workshop_config *workshop = before->workshops[i];

        if (workshop && reload_find(after, workshop->slug) == workshop)
            before->workshops[i] = NULL;
    }
}

void
apply_config(struct daemon *daemon, struct daemon_config *after)
{
    struct next next;

    boot_descriptor_limit(after->workshop_count);
    plan(daemon, after, &next);
    give_shared(daemon->config, after);
    free(daemon->children);
    daemon->children = next.children;
    daemon->child_count = next.count;
    daemon->total = next.total;
    config_free(daemon->config);
    daemon->config = after;
    carry_out(&next);
    free(next.actions);
    children_reap(daemon);
    children_reconfigured(daemon);
}

/* The daemon's configuration with all other workshops, and room for one more. */
static struct daemon_config *
config_but(const struct daemon_config *config, const char *slug)
{
    struct daemon_config *but = mem_alloc(sizeof *but);

    *but = *config;
    json_incref(but->allowed_users);
    but->workshops = mem_alloc((config->workshop_count + 1) * sizeof *but->workshops);
    but->workshop_count = 0;
    for (size_t i = 0; i < config->workshop_count; i++)
        if (strcmp(config->workshops[i]->slug, slug))
            but->workshops[but->workshop_count++] = config->workshops[i];
    return but;
}

struct child *
apply_workshop(struct daemon *daemon, struct workshop_config *workshop)
{
    struct daemon_config *after = config_but(daemon->config, workshop->slug);
    size_t at = after->workshop_count++;

    for (; at && strcmp(after->workshops[at - 1]->slug, workshop->slug) > 0; at--)
        after->workshops[at] = after->workshops[at - 1];
    after->workshops[at] = workshop;
    apply_config(daemon, after);
    return daemon->children[at];
}

void
apply_without(struct daemon *daemon, const char *slug)
{
    apply_config(daemon, config_but(daemon->config, slug));
}
