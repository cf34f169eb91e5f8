/* Created and handed over by the original user, written by the new one. */
#include "worker/dryrun/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As dryrun_folder_name makes them of a step's name. */
static bool
is_picture(const char *name)
{
    static const char *const sections[] = {"login",  "lookup", "create",
                                           "commit", "verify", "logout"};
    size_t digits = strspn(name, "0123456789");
    const char *kind = strrchr(name, '.');

    if (strcmp(name, "dialogue.json") == 0 || strcmp(name, "run.html") == 0)
        return true;
    if (digits < 2 || name[digits] != '-' || !kind ||
        (strcmp(kind, ".png") && strcmp(kind, ".html") && strcmp(kind, ".txt")))
        return false;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strncmp(name + digits + 1, sections[i], strlen(sections[i])) == 0)
            return true;
    return false;
}

/* Whether it contains nothing else; clear: removes the screenshots. */
static bool
holds_pictures(int folder, bool clear)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    bool others = false;

    if (!entries) {
        close(fd);
        return false;
    }
    while ((entry = readdir(entries))) {
        bool picture = is_picture(entry->d_name);

        others |= !picture && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
        if (picture && clear)
            unlinkat(folder, entry->d_name, 0);
    }
    closedir(entries);
    return !others;
}

static int
give(const char *path, int folder, uid_t uid, gid_t gid, struct err *err)
{
    struct stat status;

    if (fstat(folder, &status))
        return err_errno(err, "folder", "%s", path);
    if (!uid || status.st_uid == uid)
        return 0;
    if (!holds_pictures(folder, false))
        return err_set(err, "folder",
                       "%s does not belong to the workshop's user (%ld) and contains files other "
                       "than screenshots: use another --folder",
                       path, (long)uid);
    if (fchown(folder, uid, gid) || fchmod(folder, 0700))
        return err_errno(err, "folder", "cannot chown %s to user %ld", path, (long)uid);
    return 0;
}

int
dryrun_folder_open(const char *path, uid_t uid, gid_t gid, struct err *err)
{
    int folder = -1;

    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return err_errno(err, "folder", "%s", path);
    if (give(path, folder, uid, gid, err)) {
        close(folder);
        return -1;
    }
    holds_pictures(folder, true);
    return folder;
}

char *
dryrun_folder_name(unsigned number, const char *label, const char *kind)
{
    char *name = mem_format("%02u-%.80s.%s", number, label, kind);
    char *end = strrchr(name, '.');

    for (char *p = name; p < end; p++)
        if (!isalnum((unsigned char)*p))
            *p = '-';
    return name;
}

int
dryrun_folder_save(int folder, const char *name, const char *bytes, size_t length)
{
    int fd, result = -1;

    if (unlinkat(folder, name, 0) && errno != ENOENT)
        return -1;
    fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    errno = ENOSPC; /* if less is written than is available */
    if (write(fd, bytes, length) == (ssize_t)length)
        result = 0;
    if (close(fd))
        result = -1;
    return result;
}
