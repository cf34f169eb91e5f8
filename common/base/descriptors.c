/* Descriptors 0, 1 and 2 are always open; reads and writes are repeated until complete. */
#include "common/base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
descriptors_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

ssize_t
descriptors_read(int fd, void *to, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;

    while (length < size && got) {
        got = read(fd, (char *)to + length, size - length);
        if (got < 0 && errno != EINTR)
            return -1;
        length += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)length;
}

int
descriptors_write(int fd, const void *from, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t written = write(fd, (const char *)from + length, size - length);

        if (written < 0 && errno != EINTR)
            return -1;
        length += written > 0 ? (size_t)written : 0;
    }
    return 0;
}
