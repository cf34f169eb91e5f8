/* Archives a workshop. */
#include "supervisor/daemon/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/owner.h"
#include "common/json/file.h"
#include "supervisor/daemon/document.h"
#include "supervisor/daemon/registry.h"

char *
archive_queue_path(const struct daemon_config *config, const char *slug)
{
    return mem_format("%s/queues/%s", config->state_dir, slug);
}

bool
archive_has_queue(const struct daemon_config *config, const char *slug)
{
    char *path = archive_queue_path(config, slug);
    struct stat status;
    bool there = lstat(path, &status) == 0;

    free(path);
    return there;
}

/* A new folder; a second one within the same second gets a number. The caller frees it; NULL with
 * *err. */
static char *
make_folder(const char *removed, const char *slug, struct err *err)
{
    char time[CLOCK_STAMP_BYTES], *path = NULL;
    int made = -1;

    clock_stamp(clock_wall_ms(), time);
    if (disk_make_folder(removed, 0700, err))
        return NULL;
    for (unsigned number = 1; made && (number == 1 || errno == EEXIST); number++) {
        free(path);
        path = number == 1 ? mem_format("%s/%s-%s", removed, slug, time)
                           : mem_format("%s/%s-%s-%u", removed, slug, time, number);
        made = mkdir(path, 0700);
    }
    if (made == 0 && disk_sync_parent(path) == 0)
        return path;
    err_errno(err, "storage", "cannot create %s", path);
    free(path);
    return NULL;
}

/* Whether a folder contains a queue but not the file of an earlier life of this workshop. */
static bool
is_unfinished(const char *folder, const struct workshop_config *workshop)
{
    char *file = mem_format("%s/%s.json", folder, workshop->slug),
         *queue = mem_format("%s/queue", folder);
    struct err err;
    json_t *document = json_file_read(file, &err);
    bool unfinished = access(queue, F_OK) == 0 &&
                      (document ? json_equal(document, workshop->document) : access(file, F_OK));

    json_decref(document);
    free(queue);
    free(file);
    return unfinished;
}

/* The folder that a daemon which died had started to fill; NULL: none. The caller frees it. */
static char *
find_unfinished(const char *removed, const struct workshop_config *workshop)
{
    char *pattern = mem_format("%s-" CLOCK_STAMP_PATTERN "*", workshop->slug), *found = NULL;
    DIR *directory = opendir(removed);
    struct dirent *entry;

    while (!found && directory && (entry = readdir(directory))) {
        char *folder = mem_format("%s/%s", removed, entry->d_name);

        if (fnmatch(pattern, entry->d_name, 0) == 0 && is_unfinished(folder, workshop))
            found = folder;
        else
            free(folder);
    }
    if (directory)
        closedir(directory);
    free(pattern);
    return found;
}

/* To move a folder, its ".." must be writable to the mover: root without capabilities over other
 * users' files needs the write permission. That gives no one access: it takes the search
 * permission. */
static int
set_movable(const char *queue, bool movable)
{
    mode_t write = S_IWGRP | S_IWOTH, pass = S_IXGRP | S_IXOTH;
    struct stat status;

    if (lstat(queue, &status))
        return -1;
    if (!S_ISDIR(status.st_mode) || status.st_uid == geteuid())
        return 0;
    return movable ? owner_change_mode(queue, write, pass) : owner_change_mode(queue, 0, write);
}

static int
move_queue(const struct daemon_config *config, const char *slug, const char *to, struct err *err)
{
    char *from = archive_queue_path(config, slug);
    int result = set_movable(from, true) || rename(from, to) || disk_sync_parent(to) ||
                         disk_sync_parent(from)
                     ? -1
                     : 0;

    if (result)
        err_errno(err, "storage", "cannot move %s to %s", from, to);
    free(from);
    return result;
}

/* Possibly to another file system: copied there before it is removed here. */
static int
move_file(const struct daemon_config *config, const struct workshop_config *workshop,
          const char *folder, struct err *err)
{
    char *from = registry_path(config, workshop->slug),
         *to = mem_format("%s/%s.json", folder, workshop->slug),
         *text = document_text(workshop->document);
    int result = disk_replace(to, text, strlen(text), err);

    if (result == 0 && ((unlink(from) && errno != ENOENT) || disk_sync_parent(from)))
        result = err_errno(err, "storage", "cannot remove %s", from);
    free(text);
    free(to);
    free(from);
    return result;
}

int
archive_workshop(const struct daemon_config *config, const struct workshop_config *workshop,
                 char **queue, struct err *err)
{
    bool here = archive_has_queue(config, workshop->slug);
    char *removed = mem_format("%s/removed", config->state_dir);
    char *begun = here ? NULL : find_unfinished(removed, workshop);
    char *folder = begun ?: make_folder(removed, workshop->slug, err);
    int result = folder ? 0 : -1;

    *queue = here || begun ? mem_format("%s/queue", folder ?: "") : NULL;
    if (folder && here)
        result = move_queue(config, workshop->slug, *queue, err);
    if (result == 0 && *queue && set_movable(*queue, false))
        result = err_errno(err, "storage", "cannot restrict access to %s", *queue);
    if (result == 0)
        result = move_file(config, workshop, folder, err);
    if (result) {
        free(*queue);
        *queue = NULL;
    }
    free(folder);
    free(removed);
    return result;
}
