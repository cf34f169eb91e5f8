#include "common/base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/secret.h"

/* Neither blocks on a FIFO nor acquires a controlling terminal. */
#define FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

int
file_open(const char *path, int more, struct err *err)
{
    int fd = open(path, FLAGS | more);
    struct stat file;

    if (fd < 0 || fstat(fd, &file)) {
        err_errno(err, errno == ENOENT ? "no_file" : "unreadable", "cannot read");
    } else if (!S_ISREG(file.st_mode)) {
        err_set(err, "no_regular_file", "not a regular file");
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The current size: the file may grow while it is read. */
static size_t
size_of(int fd, size_t limit)
{
    struct stat file;

    return fstat(fd, &file) || file.st_size > (off_t)limit ? limit : (size_t)file.st_size;
}

char *
file_read(const char *path, size_t limit, size_t *length, struct err *err)
{
    int fd = file_open(path, 0, err);
    size_t size = fd < 0 ? 0 : size_of(fd, limit);
    char *text;
    ssize_t got;

    if (fd < 0)
        return NULL;
    text = secret_alloc(size + 2);
    got = descriptors_read(fd, text, size + 1);
    if (got < 0)
        err_errno(err, "unreadable", "cannot read");
    close(fd);
    if (got >= 0 && (size_t)got <= size) {
        text[got] = '\0';
        *length = (size_t)got;
        return text;
    }
    if (got >= 0)
        err_set(err, "too_large",
                size < limit ? "changed while it was being read" : "larger than %zu bytes", limit);
    secret_free(text);
    return NULL;
}
