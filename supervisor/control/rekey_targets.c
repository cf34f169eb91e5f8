/* Finds everything that is sealed. */
#include "supervisor/control/rekey_targets.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/config/parts.h"

static bool
is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct rekey_target *
find(const struct rekey_targets *targets, const char *slug, const char *kept)
{
    for (size_t i = 0; i < targets->count; i++)
        if (strcmp(targets->items[i].slug, slug) == 0 && is_same_text(targets->items[i].kept, kept))
            return &targets->items[i];
    return NULL;
}

/* The target of that slug, created if missing; NULL if it is not a slug. */
static struct rekey_target *
take(struct rekey_targets *targets, const char *slug, const char *kept)
{
    struct rekey_target *target = find(targets, slug, kept);

    if (target || !config_slug_sound(slug))
        return target;
    targets->items = mem_resize(targets->items, (targets->count + 1) * sizeof *targets->items);
    target = &targets->items[targets->count++];
    *target = (struct rekey_target){.kept = kept ? mem_string(kept) : NULL};
    text_copy(target->slug, sizeof target->slug, slug);
    return target;
}

static void
add_file(struct rekey_targets *targets, const char *folder, const char *name)
{
    size_t length = strlen(name);
    char *slug = mem_format("%.*s", (int)length - 5, name);
    struct rekey_target *target = length > 5 ? take(targets, slug, NULL) : NULL;

    if (target && !target->file)
        target->file = mem_format("%s/%s", folder, name);
    free(slug);
}

static void
add_queue(struct rekey_targets *targets, const char *folder, const char *name)
{
    struct rekey_target *target = take(targets, name, NULL);

    (void)folder;
    if (target)
        target->has_queue = true;
}

/* SLUG-STAMP contains `queue` and SLUG.json; one of them is missing if archiving was interrupted.
 */
static void
add_kept(struct rekey_targets *targets, const char *folder, const char *name)
{
    const char *stamp = name;
    char *slug, *queue = mem_format("%s/%s/queue", folder, name);
    bool has_queue = access(queue, F_OK) == 0;
    struct rekey_target *target;

    while ((stamp = strchr(stamp, '-')) && fnmatch("-" CLOCK_STAMP_PATTERN "*", stamp, 0))
        stamp++;
    slug = stamp ? mem_format("%.*s", (int)(stamp - name), name) : NULL;
    target = slug ? take(targets, slug, queue) : NULL;
    if (target) {
        target->has_queue = has_queue;
        if (!target->file)
            target->file = mem_format("%s/%s/%s.json", folder, name, slug);
    }
    free(slug);
    free(queue);
}

/* A missing folder is empty. */
static int
each_entry(struct rekey_targets *targets, const char *folder, const char *pattern,
           void (*add)(struct rekey_targets *targets, const char *folder, const char *name),
           struct err *err)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;

    if (!directory)
        return errno == ENOENT ? 0 : err_errno(err, "storage", "cannot read %s", folder);
    while ((errno = 0, entry = readdir(directory)))
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
            add(targets, folder, entry->d_name);
    if (errno)
        err_errno(err, "storage", "cannot read %s", folder);
    closedir(directory);
    return *err->code ? -1 : 0;
}

int
rekey_targets_find(struct rekey_targets *targets, const struct daemon *daemon, struct err *err)
{
    char *queues = mem_format("%s/queues", daemon->config->state_dir);
    char *removed = mem_format("%s/removed", daemon->config->state_dir);
    int result;

    *err = (struct err){.code = ""};
    for (size_t i = 0; i < daemon->total; i++) /* a child may be about to create its queue */
        if (daemon->children[i]->pid && !daemon->children[i]->queue)
            add_queue(targets, queues, daemon->children[i]->workshop->slug);
    result = each_entry(targets, daemon->config->workshops_dir, "*.json", add_file, err) ||
                     each_entry(targets, queues, "*", add_queue, err) ||
                     each_entry(targets, removed, "*", add_kept, err)
                 ? -1
                 : 0;
    free(removed);
    free(queues);
    return result;
}

struct rekey_target *
rekey_targets_of(struct rekey_targets *targets, const struct child *child)
{
    return find(targets, child->workshop->slug, child->queue);
}

void
rekey_targets_clear(struct rekey_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        free(targets->items[i].file);
        free(targets->items[i].kept);
    }
    free(targets->items);
    *targets = (struct rekey_targets){NULL, 0};
}
