/* The folder's owner, and the rules for changing it. */
#include "worker/io/output_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/log.h"

/* Parents made for users' data. Not /mnt and /media: an empty folder there is the mount point of an
 * unmounted share. */
static const char *const grounds[] = {"/srv", "/tmp", "/var/tmp"};

static bool
is_below(const char *path, const char *ground)
{
    char real[PATH_MAX];
    size_t length;

    if (!realpath(ground, real))
        return false;
    length = strlen(real);
    return length > 1 && strncmp(path, real, length) == 0 && path[length] == '/';
}

static bool
is_on_grounds(const char *path)
{
    for (size_t i = 0; i < sizeof grounds / sizeof *grounds; i++)
        if (is_below(path, grounds[i]))
            return true;
    return false;
}

static bool
is_for_a_share(const char *path)
{
    FILE *table = setmntent("/etc/fstab", "re");
    const struct mntent *entry;
    bool found = false;

    while (table && !found && (entry = getmntent(table)))
        found = strcmp(entry->mnt_dir, path) == 0;
    if (table)
        endmntent(table);
    return found;
}

/* The path's last part is the folder itself. */
static bool
is_no_link(const struct pinned_path *folder, const char *real)
{
    const char *name = strrchr(folder->path, '/');
    struct stat status;

    return name && strcmp(name, strrchr(real, '/')) == 0 && lstat(folder->path, &status) == 0 &&
           status.st_dev == folder->device && status.st_ino == folder->inode;
}

static bool
is_empty(const struct pinned_path *folder)
{
    int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int count = 0;

    if (!entries) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    for (errno = 0; (entry = readdir(entries)) && count <= 2;)
        count++;
    count += errno != 0;
    closedir(entries);
    return count <= 2;
}

static bool
is_roots_own(const struct stat *status)
{
    return S_ISDIR(status->st_mode) && !status->st_uid && !(status->st_mode & S_IWOTH) &&
           (status->st_mode & S_IRWXU) == S_IRWXU;
}

bool
output_folder_is_offered(const struct pinned_path *folder)
{
    char *real = pinned_path_real(folder);
    struct stat status;
    bool is = real && fstat(folder->fd, &status) == 0 && is_roots_own(&status) &&
              is_on_grounds(real) && is_no_link(folder, real) && !is_for_a_share(real) &&
              is_empty(folder);

    free(real);
    return is;
}

void
output_folder_give(const struct pinned_path *folder, uid_t uid)
{
    char *real;

    if (!output_folder_is_offered(folder))
        return;
    real = pinned_path_real(folder);
    if (fchownat(folder->fd, "", uid, (gid_t)-1, AT_EMPTY_PATH))
        log_warning("cannot chown %s to user %ld: %s", real, (long)uid, strerror(errno));
    else
        log_info("changed the owner of %s, an empty folder of root's, to user %ld", real,
                 (long)uid);
    free(real);
}

int
output_folder_lock(const struct pinned_path *folder, int *fd, struct err *err)
{
    bool in_use;

    *fd = folder->fd < 0 ? -1 : openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0 || flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    in_use = errno == EWOULDBLOCK;
    if (!in_use)
        log_warning("cannot lock %s: %s; cannot detect other daemons that deliver there",
                    folder->path, strerror(errno));
    close(*fd);
    *fd = -1;
    return in_use ? err_set(err, "in_use",
                            "another process already serves this workshop or delivers to %s: stop "
                            "it, or give each workshop its own folder",
                            folder->path)
                  : 0;
}

const char *
output_folder_advice(const struct pinned_path *folder)
{
    static char text[PATH_MAX + 160];

    snprintf(text, sizeof text,
             "user %ld may not write to %s: chown it to that user, or set the workshop's \"user\" "
             "to its owner",
             (long)geteuid(), folder->path);
    return text;
}

const char *
output_folder_fault(const struct pinned_path *folder)
{
    static char text[PATH_MAX + 160];

    if (folder->fd < 0 || faccessat(folder->fd, ".", W_OK | X_OK, 0) == 0)
        return NULL;
    if (errno == EACCES)
        return output_folder_advice(folder);
    snprintf(text, sizeof text, "cannot write to %s: %s", folder->path, strerror(errno));
    return text;
}

void
output_folder_check(const struct pinned_path *folder)
{
    const char *fault = output_folder_fault(folder);

    if (fault)
        log_warning("%s", fault);
}
