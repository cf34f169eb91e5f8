/* pumplinectl restore, and what move-in shares with it. */
#include "supervisor/ctl/copies/restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/json/file.h"
#include "supervisor/ctl/copies/move.h"
#include "supervisor/ctl/term/text.h"

static int
complain(const char *path)
{
    text_complain("%s: %s", path, strerror(errno));
    return -1;
}

bool
restore_is_idle(struct ctl *ctl, const struct site *site, const char *slug)
{
    json_t *view = NULL;
    bool idle, fenced;

    if (!site_runs(site))
        return true;
    if (site_view(ctl, slug, &view) != CTL_OK)
        return false;
    fenced = json_object_get(json_object_get(view, "configuration"), "moved_out") != NULL;
    idle = !view || (!json_is_integer(json_object_get(view, "pid")) &&
                     (fenced || !json_is_true(json_object_get(view, "active"))));
    json_decref(view);
    if (!idle)
        text_complain(
            "%s is in use here: `pumplinectl deactivate %s`, or stop pumplined, before its "
            "queue is replaced",
            slug, slug);
    return idle;
}

/* A copy that is as it was made; -1 after reporting why. */
static int
copy_checked(const json_t *manifest, const char *folder, const char *name, const char *target)
{
    char *from = mem_format("%s/%s", folder, name), hash[COPY_HASH_BYTES];
    int result = copy_file(from, target, hash);

    if (result == 0 && strcmp(hash, manifest_hash(manifest, name))) {
        text_complain("%s is damaged: it does not match the manifest", from);
        unlink(target);
        result = -1;
    }
    free(from);
    return result;
}

/* To the user that the workshop's process has here; if it has none yet, the daemon gives it one. */
static int
give_queue(const struct site *site, const char *slug, const char *path)
{
    char *queue = site_queue(site, slug);
    struct stat now;
    bool known = geteuid() == 0 && lstat(queue, &now) == 0 && now.st_uid;
    int result = known ? lchown(path, now.st_uid, now.st_gid) : site_give(site, path);

    free(queue);
    return result;
}

/* STATE_DIR/restoring-SLUG becomes the queue's folder. */
static int
stage(const struct site *site, const json_t *manifest, const char *folder, const char *slug,
      const char *staged)
{
    char *queue = mem_format("queues/%s.mdb", slug), *data = mem_format("%s/data.mdb", staged);
    char *file = mem_format("workshops.d/%s.json", slug), *document = mem_format("%s.json", staged);
    bool has_queue = manifest_hash(manifest, queue) != NULL;
    int result = unlink(document) && errno != ENOENT ? complain(document) : 0;

    if (result == 0 && (copy_remove_folder(staged) || mkdir(staged, 0700)))
        result = complain(staged);
    if (result == 0 && has_queue)
        result = copy_checked(manifest, folder, queue, data);
    if (result == 0 && has_queue &&
        (give_queue(site, slug, data) || give_queue(site, slug, staged)))
        result = complain(staged);
    if (result == 0)
        result = copy_checked(manifest, folder, file, document);
    free(document);
    free(file);
    free(data);
    free(queue);
    return result;
}

/* To another file system, possibly. */
static int
move_file_aside(const char *from, const char *to)
{
    char hash[COPY_HASH_BYTES];

    if (access(from, F_OK) && errno == ENOENT)
        return 0;
    if (copy_file(from, to, hash))
        return -1;
    return unlink(from) || disk_sync_parent(from) ? complain(from) : 0;
}

/* As supervisor/daemon/archive.c lays it out. The file first: no daemon starts a workshop whose
 * queue is not there. */
static int
move_aside(const struct site *site, const char *slug, bool queue_too)
{
    char stamp[CLOCK_STAMP_BYTES];
    char *removed = mem_format("%s/removed", site->config.state_dir);
    clock_stamp_ms(clock_wall_ms(), stamp);
    char *folder = mem_format("%s/%s-%s", removed, slug, stamp);
    char *from = site_queue(site, slug), *to = mem_format("%s/queue", folder);
    char *file = site_file(site, slug), *kept = mem_format("%s/%s.json", folder, slug);
    struct err err;
    int result = 0;

    if (access(from, F_OK) == 0 || access(file, F_OK) == 0) {
        if (disk_make_folder(removed, 0700, &err) || disk_make_folder(folder, 0700, &err)) {
            text_complain("%s", err.text);
            result = -1;
        }
        if (result == 0 && (site_give(site, removed) || site_give(site, folder)))
            result = complain(folder);
        if (result == 0)
            result = move_file_aside(file, kept);
        /* Its user belongs to the queue that takes its place. */
        if (result == 0 && queue_too && (site_give(site, from) || rename(from, to)) &&
            errno != ENOENT)
            result = complain(from);
        if (result == 0)
            text_say("%s: moved the previous queue and file to %s", slug, folder);
    }
    free(kept);
    free(file);
    free(to);
    free(from);
    free(folder);
    free(removed);
    return result;
}

static int
write_document(const struct site *site, const char *slug, const char *staged,
               void (*edit)(json_t *document, const char *slug))
{
    char *from = mem_format("%s.json", staged);
    struct err err;
    json_t *document = json_file_read(from, &err);
    int result = -1;

    if (document) {
        edit(document, slug);
        result = move_write_document(site, slug, document);
    } else {
        text_complain("%s: %s", from, err.text);
    }
    if (result == 0)
        unlink(from);
    json_decref(document);
    free(from);
    return result;
}

static int
install(const struct site *site, const char *slug, const char *staged, bool has_queue)
{
    char *queue = site_queue(site, slug);
    int result = 0;

    if (has_queue ? rename(staged, queue) || disk_sync_parent(queue) || disk_sync_parent(staged)
                  : rmdir(staged))
        result = complain(queue);
    free(queue);
    return result;
}

int
restore_workshop(const struct site *site, const json_t *manifest, const char *folder,
                 const char *slug, void (*edit)(json_t *document, const char *slug))
{
    char *staged = mem_format("%s/restoring-%s", site->config.state_dir, slug);
    char *queue = mem_format("queues/%s.mdb", slug);
    bool has_queue = manifest_hash(manifest, queue) != NULL;
    int lock = -1, result = stage(site, manifest, folder, slug, staged);

    if (result == 0)
        result = site_lock_queue(site, slug, &lock);
    if (result == 0)
        result = move_aside(site, slug, has_queue);
    if (result == 0)
        result = install(site, slug, staged, has_queue);
    if (result == 0)
        result = write_document(site, slug, staged, edit);
    if (lock >= 0)
        close(lock);
    free(queue);
    free(staged);
    return result;
}

int
restore_recipes(const struct site *site, const json_t *manifest, const char *folder)
{
    static const char prefix[] = "recipes/";
    const char *name;
    struct err err;
    json_t *hash;
    int result = 0;

    json_object_foreach(json_object_get(manifest, "files"), name, hash)
    {
        const char *file = name + sizeof prefix - 1;
        char *target;

        if (strncmp(name, prefix, sizeof prefix - 1) || strchr(file, '/'))
            continue;
        target = mem_format("%s/%s", site->config.recipes_dir, file);
        if (access(target, F_OK) && disk_make_folder(site->config.recipes_dir, 0755, &err) == 0)
            result |= copy_checked(manifest, folder, name, target) || site_give(site, target);
        free(target);
    }
    return result ? -1 : 0;
}

int
restore_apply(struct ctl *ctl, const struct site *site)
{
    json_t *reply = NULL;
    int result;

    if (!site_runs(site)) {
        text_say("Start pumplined now.");
        return CTL_OK;
    }
    result = ctl_call(ctl, "PUT", mem_string("/reload"), NULL, &reply);
    json_decref(reply);
    if (result != CTL_OK)
        text_complain("the files are in place, but pumplined could not load them: correct this, "
                      "then run `pumplinectl reload`");
    return result;
}

/* The ERP cannot be asked what an importer has taken: its orders would be written a second time. */
static void
hold_back(json_t *document, const char *slug)
{
    const json_t *erp = json_object_get(document, "erp");
    const char *system = json_string_value(json_object_get(erp, "system"));

    if (!system || strcmp(system, "file") || json_is_false(json_object_get(document, "active")))
        return;
    json_object_set_new(document, "active", json_false());
    text_say("%s is inactive: it delivers files, and Pumpline cannot tell which orders the "
             "importer has taken since the backup. Compare `pumplinectl orders %s` with the ERP, "
             "then run `pumplinectl activate %s`.",
             slug, slug, slug);
}

/* An older copy here, and the newer queue there: both would deliver. */
static bool
is_moved_out(const struct site *site, const char *slug)
{
    char *file = site_file(site, slug), *moved;
    struct err err;
    json_t *here = json_file_read(file, &err);
    bool fenced;

    moved = config_moved_out(here);
    fenced = moved != NULL;
    if (fenced)
        text_complain("%s is %s; nothing was restored", slug, moved);
    free(moved);
    free(file);
    json_decref(here);
    return fenced;
}

static int
restore_slugs(struct ctl *ctl, const struct site *site, const json_t *manifest, const json_t *slugs)
{
    const char *folder = ctl->args[0];
    json_t *slug;
    size_t i;

    json_array_foreach(slugs, i, slug)
    {
        if (is_moved_out(site, json_string_value(slug)) ||
            !restore_is_idle(ctl, site, json_string_value(slug)))
            return CTL_REFUSED;
    }
    if (restore_recipes(site, manifest, folder))
        return CTL_REFUSED;
    json_array_foreach(slugs, i, slug)
    {
        if (restore_workshop(site, manifest, folder, json_string_value(slug), hold_back))
            return CTL_REFUSED;
        text_say("%s: restored as of %s", json_string_value(slug),
                 json_string_value(json_object_get(manifest, "made_at")));
    }
    return restore_apply(ctl, site);
}

static json_t *
chosen(const struct ctl *ctl, const json_t *manifest)
{
    char *name;
    bool known;

    if (ctl->args_count == 1)
        return manifest_slugs(manifest);
    name = mem_format("workshops.d/%s.json", ctl->args[1]);
    known = manifest_hash(manifest, name) != NULL;
    free(name);
    if (known)
        return json_pack("[s]", ctl->args[1]);
    text_complain("%s has no workshop with the slug %s", ctl->args[0], ctl->args[1]);
    return NULL;
}

int
command_restore(struct ctl *ctl)
{
    struct site site;
    int result = site_open(ctl, &site);
    json_t *manifest = result == CTL_OK ? manifest_read(ctl->args[0]) : NULL;
    json_t *slugs = manifest ? chosen(ctl, manifest) : NULL;

    if (result == CTL_OK)
        result = CTL_USAGE;
    if (slugs && manifest_fits_keys(manifest, &site))
        result = ctl_confirm(ctl, "Replace the queues and files of these workshops")
                     ? restore_slugs(ctl, &site, manifest, slugs)
                     : CTL_REFUSED;
    json_decref(slugs);
    json_decref(manifest);
    site_close(&site);
    return result;
}
