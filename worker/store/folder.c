/* Making it, and handing it over. */
#include "worker/store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/disk.h"
#include "common/base/owner.h"

#define LINKED_MAX 4 /* a salvage that was cut off leaves one file with two names */

static char *entered; /* the working directory */

/* A file with more than one name: all of them must be in the folder. */
struct linked {
    dev_t device;
    ino_t inode;
    nlink_t unseen;
    char name[NAME_MAX + 1];
};

struct handover {
    const char *path;  /* of the folder, for people */
    uid_t uid, before; /* before: the folder's owner, whose things are given on */
    gid_t gid;
    struct linked linked[LINKED_MAX];
    size_t linked_count;
    /* What is done with each entry, which is open as a place alone. -1 with *err. */
    int (*each)(struct handover *h, int fd, const struct stat *file, const char *name,
                struct err *err);
};

static int walk_folder(struct handover *h, int fd, bool top, struct err *err);

static bool
is_ours(const char *name)
{
    return strcmp(name, "salvage") == 0 || strcmp(name, "evidence") == 0;
}

static int
refuse(const struct handover *h, const char *name, const char *what, struct err *err)
{
    return err_set(err, "config",
                   "%s contains %.100s, which is %s: a queue folder may contain only regular files "
                   "of its user; move it away, or chown it if it is a restored queue file",
                   h->path, name, what);
}

/* --- the check --- */

/* Counts the names of a file that has several. False: there are too many such files. */
static bool
note_link(struct handover *h, const struct stat *file, const char *name)
{
    struct linked *linked = h->linked, *end = linked + h->linked_count;

    while (linked < end && (linked->device != file->st_dev || linked->inode != file->st_ino))
        linked++;
    if (linked == end) {
        if (h->linked_count == LINKED_MAX)
            return false;
        h->linked_count++;
        *linked = (struct linked){file->st_dev, file->st_ino, file->st_nlink, ""};
        text_copy(linked->name, sizeof linked->name, name);
    }
    linked->unseen -= linked->unseen > 0;
    return true;
}

static int
check_entry(struct handover *h, int fd, const struct stat *file, const char *name, struct err *err)
{
    (void)fd;
    if (file->st_uid != h->before && file->st_uid != h->uid)
        return refuse(h, name, "owned by another user", err);
    if (S_ISDIR(file->st_mode))
        return is_ours(name) ? 0 : refuse(h, name, "a folder", err);
    if (!S_ISREG(file->st_mode))
        return refuse(h, name, S_ISLNK(file->st_mode) ? "a symbolic link" : "not a regular file",
                      err);
    if (file->st_nlink > 1 && !note_link(h, file, name))
        return refuse(h, name, "a file with several hard links", err);
    return 0;
}

static int
check_links(struct handover *h, struct err *err)
{
    for (size_t i = 0; i < h->linked_count; i++)
        if (h->linked[i].unseen)
            return refuse(h, h->linked[i].name, "a file with a hard link elsewhere", err);
    return 0;
}

/* --- the handover --- */

/* Checked again: the previous owner may still be changing it. */
static bool
may_be_given(const struct handover *h, const struct stat *file)
{
    bool lone = S_ISREG(file->st_mode) && file->st_nlink == 1;

    for (size_t i = 0; i < h->linked_count; i++)
        lone |= h->linked[i].device == file->st_dev && h->linked[i].inode == file->st_ino;
    return file->st_uid == h->before && (lone || S_ISDIR(file->st_mode));
}

static int
give_entry(struct handover *h, int fd, const struct stat *file, const char *name, struct err *err)
{
    if (file->st_uid == h->uid)
        return 0;
    if (!may_be_given(h, file))
        return refuse(h, name, "no longer the file that was checked", err);
    if (fchownat(fd, "", h->uid, h->gid, AT_EMPTY_PATH))
        return err_errno(err, "storage", "cannot chown %s in %s to user %ld", name, h->path,
                         (long)h->uid);
    return 0;
}

/* --- both --- */

static int
walk_entry(struct handover *h, int folder, uid_t owner, const char *name, bool top, struct err *err)
{
    int fd = owner_open(owner, folder, name, O_PATH), inside, result = 0;
    struct stat file;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &file))
        result = err_errno(err, "storage", "%s in %s", name, h->path);
    /* What is in it first: one that was given already is not looked at again. */
    else if (S_ISDIR(file.st_mode) && top && is_ours(name)) {
        inside = owner_open(file.st_uid, fd, ".", O_RDONLY | O_DIRECTORY);
        result = inside < 0 ? err_errno(err, "storage", "%s in %s", name, h->path)
                            : walk_folder(h, inside, false, err);
    }
    if (!result)
        result = S_ISDIR(file.st_mode) && !top ? refuse(h, name, "a folder", err)
                                               : h->each(h, fd, &file, name, err);
    if (fd >= 0)
        close(fd);
    return result;
}

/* Takes over fd. */
static int
walk_folder(struct handover *h, int fd, bool top, struct err *err)
{
    DIR *entries = fdopendir(fd);
    const struct dirent *entry;
    struct stat own;
    bool readable = entries && fstat(fd, &own) == 0;
    int result = readable ? 0 : err_errno(err, "storage", "%s", h->path);

    while (readable && !result && (errno = 0, entry = readdir(entries)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            result = walk_entry(h, fd, own.st_uid, entry->d_name, top, err);
    if (!result && errno)
        result = err_errno(err, "storage", "%s", h->path);
    if (entries)
        closedir(entries);
    else
        close(fd);
    return result;
}

static int
walk(struct handover *h,
     int (*each)(struct handover *h, int fd, const struct stat *file, const char *name,
                 struct err *err),
     struct err *err)
{
    struct stat status;
    int fd = owner_open_folder(h->path, &status);

    if (fd < 0)
        return err_errno(err, "storage", "%s", h->path);
    h->before = status.st_uid;
    h->each = each;
    if (h->uid == 0 && h->before) {
        close(fd);
        return err_set(err, "config", "%s belongs to user %ld: it cannot be used as root", h->path,
                       (long)h->before);
    }
    return walk_folder(h, fd, true, err);
}

static int
give_top(const struct handover *h, struct err *err)
{
    if (h->before == h->uid || lchown(h->path, h->uid, h->gid) == 0)
        return 0;
    return err_errno(err, "storage", "cannot chown %s to user %ld", h->path, (long)h->uid);
}

/* Its last user may have shut it against everybody, or opened it to others;
 * supervisor/daemon/archive.c may have been cut off. */
static int
hand_over(const char *path, uid_t uid, gid_t gid, struct err *err)
{
    struct handover h = {.path = path, .uid = uid ? uid : geteuid(), .gid = gid};

    if (owner_change_mode(path, S_IRWXU, S_IWGRP | S_IWOTH))
        return err_errno(err, "storage", "%s", path);
    if (walk(&h, check_entry, err) || check_links(&h, err))
        return -1;
    return uid && (walk(&h, give_entry, err) || give_top(&h, err)) ? -1 : 0;
}

char *
folder_prepare(const char *state_dir, const char *slug, uid_t uid, gid_t gid, struct err *err)
{
    char *queues = mem_format("%s/queues", state_dir), *folder = mem_format("%s/%s", queues, slug);
    int failed = disk_make_folder(state_dir, 0711, err) || disk_make_folder(queues, 0711, err) ||
                 disk_make_folder(folder, 0700, err) || hand_over(folder, uid, gid, err);

    free(queues);
    if (!failed)
        return folder;
    free(folder);
    return NULL;
}

char *
folder_take_over(const char *path, uid_t uid, gid_t gid, struct err *err)
{
    return hand_over(path, uid, gid, err) ? NULL : mem_string(path);
}

int
folder_enter(const char *path, struct err *err)
{
    if (owner_enter(path))
        return err_errno(err, "storage", "cannot enter %s", path);
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
