/* Reloads the configuration. */
#include "supervisor/daemon/reload.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/log.h"
#include "supervisor/daemon/apply.h"
#include "supervisor/daemon/registry.h"
#include "supervisor/daemon/reload_rules.h"

/* A file's name may be invalid UTF-8; a reply must not. */
static void
clean_faults(struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        text_clean(faults->items[i].file);
        text_clean(faults->items[i].pointer);
        text_clean(faults->items[i].text);
    }
}

static void
log_faults(const struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->items[i];

        log_error("%s: %s%s%s", fault->file, fault->pointer, *fault->pointer ? ": " : "",
                  fault->text);
    }
    log_error("reload failed: %zu fault%s in the configuration; nothing was changed", faults->count,
              plural((long long)faults->count));
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
            log_info("configuration reloaded: %s %s", name, text);
        free(text);
    }
}

/* Read and checked, its passwords sealed; NULL if anything is wrong. */
static struct daemon_config *
read_again(const struct daemon *daemon, struct json_faults *faults)
{
    struct daemon_config *after = config_load(daemon->config_path, faults);

    if (!after)
        return NULL;
    registry_seal(after, daemon->config, &daemon->keys);
    for (size_t i = 0; i < after->workshop_count; i++)
        registry_check_sealed(after, after->workshops[i], &daemon->keys, faults);
    if (!faults->count)
        return after;
    config_free(after);
    return NULL;
}

json_t *
reload(struct daemon *daemon, struct json_faults *faults)
{
    struct daemon_config *after = read_again(daemon, faults);
    json_t *needs_restart, *report;

    if (!after) {
        clean_faults(faults);
        log_faults(faults);
        return NULL;
    }
    needs_restart = reload_keep(daemon->config, after);
    report = reload_report(daemon->config, after);
    json_object_set_new(report, "needs_restart", needs_restart);
    log_report(report);
    apply_config(daemon, after);
    return report;
}
