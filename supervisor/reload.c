/* From one configuration to the next. */
#include "supervisor/reload.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/boot.h"
#include "supervisor/reload_rules.h"

/* The daemon's children as they are to be. */
struct next {
    struct child **children; /* as in struct daemon */
    enum reload_wish *wishes;
    size_t count, total;
};

/* Out of the daemon's list, so that what is left there belongs to no workshop. */
static struct child *
take_child(struct daemon *daemon, const char *slug)
{
    for (size_t i = 0; i < daemon->total; i++) {
        struct child *child = daemon->children[i];

        if (child && strcmp(child->workshop->slug, slug) == 0) {
            daemon->children[i] = NULL;
            return child;
        }
    }
    return NULL;
}

/* One that is still leaving, its workshop having come back, stays: two processes would quarrel
 * about one queue. */
static struct child *
child_for(struct daemon *daemon, const struct workshop_config *workshop)
{
    const struct workshop_config *before = reload_find(daemon->config, workshop->slug);
    struct child *child = take_child(daemon, workshop->slug);
    struct workshop_config *own = child && !before ? daemon_own_config(child) : NULL;

    if (child)
        child_configure(child, workshop);
    else
        child = child_new(&daemon->host, workshop);
    workshop_config_free(own);
    return child;
}

/* Those that are left go; until they are gone they need the configuration that they had. */
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
    next->wishes = mem_alloc((after->workshop_count + 1) * sizeof *next->wishes);
    next->count = next->total = after->workshop_count;
    for (size_t i = 0; i < after->workshop_count; i++) {
        const struct workshop_config *workshop = after->workshops[i];

        next->wishes[i] =
            reload_wish(reload_find(daemon->config, workshop->slug), workshop, all_slices);
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

/* The ends come first: a port that one gives up may be another's now. */
static void
carry_out(const struct next *next)
{
    static void (*const wishes[])(struct child * child) = {[RELOAD_START] = child_start,
                                                           [RELOAD_STOP] = child_stop,
                                                           [RELOAD_RESTART] = restart_if_wanted};

    for (size_t i = next->count; i < next->total; i++)
        child_stop(next->children[i]);
    for (size_t i = 0; i < next->count; i++)
        if (wishes[next->wishes[i]])
            wishes[next->wishes[i]](next->children[i]);
}

/* Takes over after. */
static void
apply(struct daemon *daemon, struct daemon_config *after)
{
    struct next next;

    plan(daemon, after, &next);
    free(daemon->children);
    daemon->children = next.children;
    daemon->child_count = next.count;
    daemon->total = next.total;
    config_free(daemon->config);
    daemon->config = after;
    carry_out(&next);
    free(next.wishes);
    daemon_sweep(daemon);
    daemon_reconfigured(daemon);
}

/* A file's name may be no text; a reply must be. */
static void
clean_faults(struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        text_clean(faults->items[i].file);
        text_clean(faults->items[i].pointer);
        text_clean(faults->items[i].text);
    }
}

static void
log_faults(const struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct config_fault *fault = &faults->items[i];

        log_error("%s: %s%s%s", fault->file, fault->pointer, *fault->pointer ? ": " : "",
                  fault->text);
    }
    log_error("the configuration has %zu fault%s: nothing is changed", faults->count,
              faults->count == 1 ? "" : "s");
}

static void
log_report(const json_t *report)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)report, name, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY);

        if (json_is_integer(value) || json_array_size(value))
            log_info("configuration read again: %s %s", name, text);
        free(text);
    }
}

json_t *
reload(struct daemon *daemon, struct config_faults *faults)
{
    struct daemon_config *after = config_load(daemon->config_path, faults);
    json_t *needs_restart, *report;

    if (!after) {
        clean_faults(faults);
        log_faults(faults);
        return NULL;
    }
    needs_restart = reload_keep(daemon->config, after);
    report = reload_report(daemon->config, after);
    json_object_set_new(report, "needs_restart", needs_restart);
    boot_descriptor_limit(after->workshop_count);
    log_report(report);
    apply(daemon, after);
    return report;
}
