/* Looking by path where that is possible, else by what the kernel says of the descriptor. */
#include "worker/io/pinned_path.h"

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

#define LOOK_AGAIN_MS 15000 /* each time costs a process */

char *
place_real_path(const struct place *place)
{
    char link[32], path[PATH_MAX];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", place->fd);
    length = place->fd < 0 ? -1 : readlink(link, path, sizeof path);
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

/* In the kernel's list a blank is \040. */
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

/* `REAL-PATH ID ID …`, the mounts that hold it or a folder above it: one more is mounted over it.
 * NULL: not known. */
static char *
describe(const struct place *place)
{
    char *path = place_real_path(place), *text = path ? mem_string(path) : NULL, *line = NULL;
    int fd = path ? fcntl(place->mounts_fd, F_DUPFD_CLOEXEC, 0) : -1;
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

struct place *
place_open(const char *path)
{
    struct place *place = mem_alloc(sizeof *place);
    size_t length = strlen(path);
    struct stat status;

    while (length > 1 && path[length - 1] == '/')
        length--;
    *place = (struct place){.path = mem_format("%.*s", (int)length, path),
                            .opened_ms = clock_monotonic_ms()};
    (void)!stat(path, &status); /* mounts it, where that is done when somebody looks */
    place->fd = open(path, O_PATH | O_CLOEXEC);
    place->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (place->fd >= 0 && fstat(place->fd, &status) == 0) {
        place->device = status.st_dev;
        place->inode = status.st_ino;
    }
    place->found = describe(place);
    return place;
}

void
place_close(struct place *place)
{
    if (!place)
        return;
    if (place->fd >= 0)
        close(place->fd);
    if (place->mounts_fd >= 0)
        close(place->mounts_fd);
    free(place->found);
    free(place->path);
    free(place);
}

/* A folder above it is closed to this user. */
static enum place_now
look_from_within(const struct place *place)
{
    char *now;
    bool same;

    if (place->fd < 0)
        return clock_monotonic_ms() - place->opened_ms < LOOK_AGAIN_MS ? PLACE_GONE : PLACE_HIDDEN;
    now = describe(place);
    same = now && place->found && strcmp(now, place->found) == 0;
    free(now);
    return same ? PLACE_SAME : PLACE_HIDDEN;
}

enum place_now
place_look(const struct place *place)
{
    struct stat now;

    if (stat(place->path, &now) == 0)
        return place->fd >= 0 && now.st_dev == place->device && now.st_ino == place->inode
                   ? PLACE_SAME
                   : PLACE_OTHER;
    if (errno == EACCES)
        return look_from_within(place);
    return errno == ENOENT || errno == ENOTDIR || place->fd < 0 ? PLACE_GONE : PLACE_SAME;
}
