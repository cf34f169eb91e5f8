/* Checks by path if possible, else by what the kernel reports about the descriptor. */
#include "common/sandbox/pinned_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"

#define LOOK_AGAIN_MS 15000 /* each check costs a process */

char *
pinned_path_real(const struct pinned_path *pinned)
{
    char link[32], path[PATH_MAX];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", pinned->fd);
    length = pinned->fd < 0 ? -1 : readlink(link, path, sizeof path);
    if (length <= 0 || (size_t)length == sizeof path)
        return NULL;
    return mem_format("%.*s", (int)length, path);
}

static bool
lies_on(const char *path, const char *mount_point)
{
    size_t length = strlen(mount_point);

    return strcmp(mount_point, "/") == 0 || (strncmp(path, mount_point, length) == 0 &&
                                             (path[length] == '/' || path[length] == '\0'));
}

/* The kernel's list writes a space as \040. */
static void
unescape(char *text)
{
    char *to = text;
    unsigned octal;

    for (; *text; to++)
        /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
        if (*text == '\\' && sscanf(text + 1, "%3o", &octal) == 1) {
            *to = (char)octal;
            text += 4;
        } else {
            *to = *text++;
        }
    *to = '\0';
}

/* `REAL-PATH ID ID …`, the mounts that contain it or a folder above it: another mount on top of it
 * adds one. NULL: unknown. */
static char *
describe(const struct pinned_path *pinned)
{
    char *path = pinned_path_real(pinned), *text = path ? mem_string(path) : NULL, *line = NULL;
    int fd = path ? fcntl(pinned->mounts_fd, F_DUPFD_CLOEXEC, 0) : -1;
    FILE *mounts = fd < 0 || lseek(fd, 0, SEEK_SET) ? NULL : fdopen(fd, "r");
    char point[PATH_MAX];
    size_t size = 0;
    int id;

    while (mounts && getline(&line, &size, mounts) > 0)
        /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
        if (sscanf(line, "%d %*s %*s %*s %4095s", &id, point) == 2) {
            char *longer;

            unescape(point);
            if (!lies_on(path, point))
                continue;
            longer = mem_format("%s %d", text, id);
            free(text);
            text = longer;
        }
    if (mounts)
        fclose(mounts);
    else if (fd >= 0)
        close(fd);
    free(line);
    free(path);
    return text;
}

struct pinned_path *
pinned_path_open(const char *path)
{
    struct pinned_path *pinned = mem_alloc(sizeof *pinned);
    size_t length = strlen(path);
    struct stat status;

    while (length > 1 && path[length - 1] == '/')
        length--;
    *pinned = (struct pinned_path){.path = mem_format("%.*s", (int)length, path),
                                   .opened_ms = clock_monotonic_ms()};
    (void)!stat(path, &status); /* triggers an automount */
    pinned->fd = open(path, O_PATH | O_CLOEXEC);
    pinned->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (pinned->fd >= 0 && fstat(pinned->fd, &status) == 0) {
        pinned->device = status.st_dev;
        pinned->inode = status.st_ino;
    }
    pinned->found = describe(pinned);
    return pinned;
}

void
pinned_path_close(struct pinned_path *pinned)
{
    if (!pinned)
        return;
    if (pinned->fd >= 0)
        close(pinned->fd);
    if (pinned->mounts_fd >= 0)
        close(pinned->mounts_fd);
    free(pinned->found);
    free(pinned->path);
    free(pinned);
}

/* A folder above it is inaccessible to this user. */
static enum pinned_path_state
look_from_within(const struct pinned_path *pinned)
{
    char *now;
    bool same;

    if (pinned->fd < 0)
        return clock_monotonic_ms() - pinned->opened_ms < LOOK_AGAIN_MS ? PINNED_GONE
                                                                        : PINNED_HIDDEN;
    now = describe(pinned);
    same = now && pinned->found && strcmp(now, pinned->found) == 0;
    free(now);
    return same ? PINNED_SAME : PINNED_HIDDEN;
}

enum pinned_path_state
pinned_path_look(const struct pinned_path *pinned)
{
    struct stat now;

    if (stat(pinned->path, &now) == 0)
        return pinned->fd >= 0 && now.st_dev == pinned->device && now.st_ino == pinned->inode
                   ? PINNED_SAME
                   : PINNED_OTHER;
    if (errno == EACCES)
        return look_from_within(pinned);
    return errno == ENOENT || errno == ENOTDIR || pinned->fd < 0 ? PINNED_GONE : PINNED_SAME;
}
