/* Comparing two configurations. */
#include "supervisor/daemon/reload_rules.h"

#include <stdlib.h>
#include <string.h>

#include "common/config/neighbour.h"

/* String members, by their offset in struct daemon_config. */
struct text_member {
    const char *name;
    size_t offset, size;
};

#define TEXT(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct daemon_config, member),                                           \
            sizeof(((struct daemon_config *)0)->member)                                            \
    }

/* Used by the daemon itself: sockets, locks, keys and folders that it has opened. */
static const struct text_member fixed[] = {TEXT(control_socket), TEXT(control_group),
                                           TEXT(state_dir), TEXT(workshops_dir), TEXT(key_file)};

static const struct text_member shared[] = {TEXT(log_dir), TEXT(sandbox), TEXT(webdriver_url)};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool
text_differs(const struct text_member *member, const struct daemon_config *before,
             const struct daemon_config *after)
{
    return strcmp((const char *)before + member->offset, (const char *)after + member->offset) != 0;
}

static void
keep_workshops(const struct daemon_config *before, struct daemon_config *after)
{
    for (size_t i = 0; i < after->workshop_count; i++)
        workshop_config_free(after->workshops[i]);
    after->workshops =
        mem_resize(after->workshops, (before->workshop_count + 1) * sizeof *after->workshops);
    after->workshop_count = before->workshop_count;
    for (size_t i = 0; i < before->workshop_count; i++)
        after->workshops[i] = workshop_config_copy(before->workshops[i]);
}

json_t *
reload_keep(const struct daemon_config *before, struct daemon_config *after)
{
    json_t *names = json_array();

    if (strcmp(before->workshops_dir, after->workshops_dir))
        keep_workshops(before, after);
    for (size_t i = 0; i < COUNT(fixed); i++)
        if (text_differs(&fixed[i], before, after)) {
            json_array_append_new(names, json_string(fixed[i].name));
            memcpy((char *)after + fixed[i].offset, (const char *)before + fixed[i].offset,
                   fixed[i].size);
        }
    if (memcmp(&before->http, &after->http, sizeof after->http)) {
        json_array_append_new(names, json_string("http"));
        after->http = before->http;
    }
    return names;
}

bool
reload_all_slices(const struct daemon_config *before, const struct daemon_config *after)
{
    for (size_t i = 0; i < COUNT(shared); i++)
        if (text_differs(&shared[i], before, after))
            return true;
    return before->webdriver_shared != after->webdriver_shared ||
           before->uid_first != after->uid_first || before->uid_count != after->uid_count;
}

bool
reload_neighbour_differs(const struct daemon_config *before, const struct daemon_config *after,
                         const char *slug)
{
    const struct workshop_config *old = reload_find(before, slug), *now = reload_find(after, slug);
    const char *had = old ? config_neighbour(before, old) : NULL;
    const char *has = now ? config_neighbour(after, now) : NULL;

    return strcmp(had ? had : "", has ? has : "") != 0;
}

struct workshop_config *
reload_find(const struct daemon_config *config, const char *slug)
{
    for (size_t i = 0; i < config->workshop_count; i++)
        if (strcmp(config->workshops[i]->slug, slug) == 0)
            return config->workshops[i];
    return NULL;
}

enum reload_action
reload_action(const struct workshop_config *before, const struct workshop_config *after,
              bool all_slices)
{
    bool was_faulty = before && before->faults.count;
    bool was_active = before && before->active && !was_faulty;
    bool is_active = after && after->active && !after->faults.count;

    if (was_faulty && !is_active) /* it was FAILED, and now is merely inactive */
        return after && after->faults.count ? RELOAD_NOTHING : RELOAD_STOP;
    if (was_active != is_active)
        return is_active ? RELOAD_START : RELOAD_STOP;
    if (!is_active || (!all_slices && workshop_config_equal(before, after)))
        return RELOAD_NOTHING;
    return !all_slices && workshop_config_equal_but_tokens(before, after) ? RELOAD_TOKENS
                                                                          : RELOAD_RESTART;
}

static bool
is_same(const struct workshop_config *before, const struct workshop_config *after, bool all_slices)
{
    return !all_slices && !before->faults.count && before->active == after->active &&
           workshop_config_equal(before, after);
}

static json_t *
slugs_without_match(const struct daemon_config *of, const struct daemon_config *in)
{
    json_t *slugs = json_array();

    for (size_t i = 0; i < of->workshop_count; i++)
        if (!reload_find(in, of->workshops[i]->slug))
            json_array_append_new(slugs, json_string(of->workshops[i]->slug));
    return slugs;
}

json_t *
reload_report(const struct daemon_config *before, const struct daemon_config *after)
{
    bool all_slices = reload_all_slices(before, after);
    json_t *changed = json_array();
    json_int_t unchanged = 0;

    for (size_t i = 0; i < after->workshop_count; i++) {
        const struct workshop_config *now = after->workshops[i];
        const struct workshop_config *old = reload_find(before, now->slug);

        if (old &&
            is_same(old, now, all_slices || reload_neighbour_differs(before, after, now->slug)))
            unchanged++;
        else if (old)
            json_array_append_new(changed, json_string(now->slug));
    }
    return json_pack("{so so so sI}", "added", slugs_without_match(after, before), "changed",
                     changed, "removed", slugs_without_match(before, after), "unchanged",
                     unchanged);
}
