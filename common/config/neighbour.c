/* Compares ERPs by name, and folders by the file they lead to. */
#include "common/config/neighbour.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/json/members.h"

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

/* The file driver's folder. */
struct config_folder {
    char *path; /* owned, normalised; NULL: it has none */
    bool known; /* whether dev and ino are known: */
    dev_t device;
    ino_t inode;
};

/* --- folders --- */

static char *
without_slashes(const char *path)
{
    char *copy = mem_string(path), *to = copy;

    for (const char *from = path; *from; from++)
        if (*from != '/' || (from[1] != '/' && from[1]))
            *to++ = *from;
    *to = '\0';
    return copy;
}

/* File systems that may block on another machine or process. */
static bool
is_remote(const char *type, const char *point)
{
    static const char *const types[] = {"nfs",   "cifs", "smb",    "9p",       "afs",    "ceph",
                                        "fuse.", "coda", "vboxsf", "virtiofs", "lustre", "fuseblk"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return strcmp(type, "fuse") == 0 ||
           (strcmp(type, "autofs") == 0 && strncmp(point, "/proc/", strlen("/proc/")));
}

static bool
all_mounts_are_local(void)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char *line = NULL, point[256], type[64];
    size_t size = 0;
    bool local = mounts != NULL;

    while (local && getline(&line, &size, mounts) > 0) {
        const char *behind = strstr(line, " - ");

        local = behind && sscanf(line, "%*s %*s %*s %*s %255s", point) == 1 &&
                sscanf(behind, " - %63s", type) == 1 && !is_remote(type, point);
    }
    free(line);
    if (mounts)
        fclose(mounts);
    return local;
}

/* Never blocks: what is not cached is looked up only on local file systems. */
static int
open_at_once(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_CACHED};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

    return fd < 0 && errno != ENOENT && all_mounts_are_local() ? open(path, O_PATH | O_CLOEXEC)
                                                               : fd;
}

static void
look_up(struct config_folder *folder)
{
    int fd = open_at_once(folder->path);
    struct statx found;

    if (fd < 0)
        return;
    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &found) == 0) {
        folder->known = true;
        folder->device = makedev(found.stx_dev_major, found.stx_dev_minor);
        folder->inode = found.stx_ino;
    }
    close(fd);
}

/* Never waits for another machine: a folder that cannot be looked up is compared by its path only.
 * Two processes that share a folder also detect it themselves (worker/io/output_folder.h). */
static void
folder_read(const struct workshop_config *workshop, struct config_folder *folder)
{
    const json_t *erp = json_object_get(workshop->document, "erp");
    const char *path = json_string_value(json_object_get(erp, "folder"));

    *folder = (struct config_folder){.path = NULL};
    if (!path || !workshop->erp_system || strcmp(workshop->erp_system, "file"))
        return;
    folder->path = without_slashes(path);
    look_up(folder);
}

static void
folder_clear(struct config_folder *folder)
{
    free(folder->path);
    folder->path = NULL;
}

static bool
folder_same(const struct config_folder *a, const struct config_folder *b)
{
    if (!a->path || !b->path)
        return false;
    return strcmp(a->path, b->path) == 0 ||
           (a->known && b->known && a->device == b->device && a->inode == b->inode);
}

static void
folder_fault(const struct daemon_config *config, const struct workshop_config *w,
             const struct workshop_config *other, struct json_faults *faults)
{
    char *file = mem_format("%s/%s.json", config->workshops_dir, w->slug);
    const struct json_location location = {file, "/erp", faults};

    json_check_fault(&location, "folder", "this folder is already used by workshop %s",
                     other->slug);
    free(file);
}

void
config_neighbour_check_folders(const struct daemon_config *config)
{
    struct config_folder *folders = mem_alloc((config->workshop_count + 1) * sizeof *folders);

    for (size_t i = 0; i < config->workshop_count; i++) {
        struct workshop_config *w = config->workshops[i];

        folder_read(w, &folders[i]);
        for (size_t j = 0; j < i; j++)
            if (!config->workshops[j]->faults.count && folder_same(&folders[i], &folders[j]))
                folder_fault(config, w, config->workshops[j], &w->faults);
    }
    for (size_t i = 0; i < config->workshop_count; i++)
        folder_clear(&folders[i]);
    free(folders);
}

void
config_neighbour_check_folder(const struct daemon_config *config,
                              const struct workshop_config *workshop, struct json_faults *faults)
{
    struct config_folder own, other;

    folder_read(workshop, &own);
    for (size_t i = 0; own.path && i < config->workshop_count; i++) {
        const struct workshop_config *w = config->workshops[i];

        folder_read(w, &other);
        if (strcmp(w->slug, workshop->slug) && !w->faults.count && folder_same(&own, &other))
            folder_fault(config, workshop, w, faults);
        folder_clear(&other);
    }
    folder_clear(&own);
}

/* --- ERPs --- */

/* One URL may be the whole server (web pages), the other one database on it. */
static bool
is_within(const char *a, const char *b)
{
    size_t x = strlen(a), y = strlen(b);

    return strncmp(a, b, x < y ? x : y) == 0;
}

const char *
config_neighbour(const struct daemon_config *config, const struct workshop_config *workshop)
{
    for (size_t i = 0; workshop->target && i < config->workshop_count; i++) {
        const struct workshop_config *other = config->workshops[i];

        if (other && other->target && strcmp(other->slug, workshop->slug) &&
            is_within(other->target, workshop->target))
            return other->name;
    }
    return NULL;
}
