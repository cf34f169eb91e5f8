/* Making it, and handing it over. */
#include "worker/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/disk.h"
#include "common/log.h"
#include "common/owner.h"

#define DEPTH_MAX 2 /* a salvage that was cut off leaves a folder */

static char *entered; /* the working directory */

struct handover {
    uid_t uid, before; /* before: the folder's owner, whose things are given on */
    gid_t gid;
};

static int give_folder(int fd, const struct handover *h, int depth);

/* A hard link's other name may be in somebody else's folder. */
static bool
may_be_given(const struct stat *file, const struct handover *h)
{
    return file->st_uid == h->before &&
           (S_ISDIR(file->st_mode) || (S_ISREG(file->st_mode) && file->st_nlink == 1));
}

static int
give_entry(int folder, uid_t owner, const char *name, const struct handover *h, int depth)
{
    int fd = owner_open(owner, folder, name, O_PATH), inside, result = 0;
    struct stat file;

    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    if (fstat(fd, &file))
        result = -1;
    else if (S_ISDIR(file.st_mode) && depth < DEPTH_MAX) {
        inside = owner_open(file.st_uid, fd, ".", O_RDONLY | O_DIRECTORY);
        result = inside < 0 ? -1 : give_folder(inside, h, depth + 1);
    } else if (file.st_uid == h->uid)
        result = 0;
    else if (may_be_given(&file, h))
        result = fchownat(fd, "", h->uid, h->gid, AT_EMPTY_PATH);
    else
        log_warning("%s in the queue's folder is not given to user %ld: a link, or another user's; "
                    "chown it if it is yours",
                    name, (long)h->uid);
    close(fd);
    return result;
}

/* Takes over fd. The entries first: one that was given already is not looked at again. */
static int
give_folder(int fd, const struct handover *h, int depth)
{
    DIR *entries = fdopendir(fd);
    const struct dirent *entry;
    struct stat own;
    int result = entries ? fstat(fd, &own) : -1;

    while (!result && (entry = readdir(entries)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            result = give_entry(fd, own.st_uid, entry->d_name, h, depth);
    if (!result && own.st_uid != h->uid && may_be_given(&own, h))
        result = fchown(fd, h->uid, h->gid);
    if (entries)
        closedir(entries);
    else
        close(fd);
    return result;
}

/* Its last user may have shut it against everybody, or opened it to others; supervisor/keep.c may
 * have been cut off. */
static int
hand_over(const char *folder, uid_t uid, gid_t gid, struct err *err)
{
    struct handover h = {.uid = uid, .gid = gid};
    struct stat status;
    int fd = owner_change_mode(folder, S_IRWXU, S_IWGRP | S_IWOTH)
                 ? -1
                 : owner_open_folder(folder, &status);

    if (fd < 0)
        return err_errno(err, "storage", "%s", folder);
    h.before = status.st_uid;
    if (give_folder(fd, &h, 0))
        return err_errno(err, "storage", "%s can't be given to user %ld", folder, (long)uid);
    return 0;
}

char *
folder_prepare(const char *state_dir, const char *slug, uid_t uid, gid_t gid, struct err *err)
{
    char *queues = mem_format("%s/queues", state_dir), *folder = mem_format("%s/%s", queues, slug);
    int failed = disk_make_folder(state_dir, 0711, err) || disk_make_folder(queues, 0711, err) ||
                 disk_make_folder(folder, 0700, err) || (uid && hand_over(folder, uid, gid, err));

    free(queues);
    if (!failed)
        return folder;
    free(folder);
    return NULL;
}

char *
folder_take_back(const char *path, struct err *err)
{
    return geteuid() || hand_over(path, 0, 0, err) == 0 ? mem_string(path) : NULL;
}

int
folder_enter(const char *path, struct err *err)
{
    if (owner_enter(path))
        return err_errno(err, "storage", "%s can't be entered", path);
    free(entered);
    entered = mem_string(path);
    return 0;
}

char *
folder_shown(const char *path)
{
    bool inside = entered && path[0] == '.' && (path[1] == '/' || !path[1]);

    return inside ? mem_format("%s%s", entered, path + 1) : mem_string(path);
}
