/* backup --all: a folder DIR/TIME with every workshop's queue and file, the recipes and
 * pumpline.json. It appears under its name when it is complete. The key is never in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/err.h"
#include "common/config/parts.h"
#include "supervisor/ctl/copies/backup.h"
#include "supervisor/ctl/term/text.h"

int
backup_make_folder(const char *folder)
{
    static const char *const parts[] = {"", "/queues", "/workshops.d", "/recipes"};
    struct err err;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *path = mem_format("%s%s", folder, parts[i]);
        int failed = disk_make_folder(path, 0700, &err);

        free(path);
        if (failed) {
            text_complain("%s", err.text);
            return -1;
        }
    }
    return 0;
}

static int
is_json(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Calls each() with the name of every JSON file in the folder; 0, or the number of failures. */
static int
each_json(const char *folder, bool needed, int (*each)(void *arg, const char *name), void *arg)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_json, alphasort), failures = 0;

    if (count < 0 && (needed || errno != ENOENT)) {
        text_complain("%s: %s", folder, strerror(errno));
        return 1;
    }
    for (int i = 0; i < count; i++) {
        failures += each(arg, entries[i]->d_name) != 0;
        free(entries[i]);
    }
    free(entries);
    return failures;
}

struct run {
    struct ctl *ctl;
    struct site site;
    json_t *manifest;
    char *folder; /* while it is filled */
    int workshops;
};

static int
copy_workshop(void *arg, const char *name)
{
    struct run *run = arg;
    char *slug = mem_part(name, strlen(name) - 5);
    int result = 0;

    if (config_slug_sound(slug)) {
        /* The queue first: a workshop without its file is not restored. */
        result = backup_queue(run->ctl, &run->site, run->manifest, slug, run->folder);
        if (result == 0)
            result = backup_file(&run->site, run->manifest, slug, run->folder);
        if (result)
            text_complain("%s is not complete in this backup", slug);
        else
            run->workshops++;
    }
    free(slug);
    return result;
}

static int
copy_recipe(void *arg, const char *name)
{
    struct run *run = arg;
    char *path = mem_format("%s/%s", run->site.config.recipes_dir, name);
    char *to = mem_format("recipes/%s", name);
    int result = manifest_copy(run->manifest, path, run->folder, to);

    free(to);
    free(path);
    return result;
}

/* The number of failures: whatever can be copied is. */
static int
fill(struct run *run)
{
    return each_json(run->site.config.workshops_dir, true, copy_workshop, run) +
           each_json(run->site.config.recipes_dir, false, copy_recipe, run) +
           (manifest_copy(run->manifest, run->site.file, run->folder, "pumpline.json") != 0);
}

static void
print_all(const struct ctl *ctl, const json_t *reply)
{
    (void)ctl;
    text_say("copied %lld workshop%s to %s", ctl_number(reply, "workshops"),
             plural(ctl_number(reply, "workshops")),
             json_string_value(json_object_get(reply, "folder")));
}

static void
show(struct run *run, const char *folder)
{
    json_object_set_new(run->manifest, "folder", json_string(folder));
    json_object_set_new(run->manifest, "workshops", json_integer(run->workshops));
    ctl_show(run->ctl, json_incref(run->manifest), print_all);
    if (!run->ctl->options[OPTION_JSON])
        manifest_say_key(run->manifest, &run->site);
}

/* Filled under a name that is no backup's, then renamed. */
static int
make(struct run *run, const char *directory, size_t keep)
{
    char stamp[CLOCK_STAMP_BYTES];
    clock_stamp_ms(clock_wall_ms(), stamp);
    char *folder = mem_format("%s/%s", directory, stamp);
    int failures = 1, result = CTL_REFUSED;

    run->folder = mem_format("%s/.%s", directory, stamp);
    if (backup_make_folder(run->folder) == 0) {
        failures = fill(run);
        if (manifest_write(run->manifest, run->folder) == 0) {
            if (rename(run->folder, folder) || disk_sync_parent(folder))
                text_complain("%s: %s", folder, strerror(errno));
            else
                result = failures ? CTL_REFUSED : CTL_OK;
        }
    }
    if (access(folder, F_OK) == 0)
        show(run, folder);
    /* Earlier backups may have what this one lacks. */
    if (result == CTL_OK && backup_rotate(directory, keep))
        result = CTL_REFUSED;
    free(run->folder);
    free(folder);
    return result;
}

/* Two at once would remove each other's unfinished copies. */
static int
lock_directory(const char *directory)
{
    struct err err;
    int fd = disk_make_folder(directory, 0700, &err)
                 ? -1
                 : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        text_complain("cannot use %s: %s", directory, strerror(errno));
    else if (flock(fd, LOCK_EX | LOCK_NB)) {
        text_complain("another backup to %s is running", directory);
        close(fd);
        fd = -1;
    }
    return fd;
}

static int
backup_all(struct ctl *ctl)
{
    const char *keep = ctl->options[OPTION_KEEP];
    struct run run = {.ctl = ctl};
    int result = site_open(ctl, &run.site), directory;

    if (result != CTL_OK)
        return result;
    directory = lock_directory(ctl->args[0]);
    result = directory < 0 || backup_rotate(ctl->args[0], 0) ? CTL_USAGE : CTL_OK;
    if (result == CTL_OK) {
        run.manifest = manifest_new(&run.site, "backup");
        result = make(&run, ctl->args[0], keep ? strtoul(keep, NULL, 10) : 0);
        json_decref(run.manifest);
    }
    if (directory >= 0)
        close(directory);
    site_close(&run.site);
    return result;
}

int
command_backup(struct ctl *ctl)
{
    bool all = ctl->options[OPTION_ALL] != NULL;

    if (all ? ctl->args_count == 1 : ctl->args_count == 2 && !ctl->options[OPTION_KEEP])
        return all ? backup_all(ctl) : backup_one(ctl);
    text_complain("usage: pumplinectl %s %s", ctl->command->name, ctl->command->usage);
    return CTL_USAGE;
}
