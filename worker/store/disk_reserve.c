/* The reserve, and how much is free besides. */
#include "worker/store/disk_reserve.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"

#define RESERVE_BYTES (1 << 20)  /* about 300 orders' ends */
#define RESERVE_SHARE 16         /* … or that share of a small disk */
#define MARGIN_BYTES (16u << 20) /* free room at which no further order is taken */
#define MARGIN_SHARE 20
#define NONE_BYTES (1u << 20) /* less than a transaction may need */
#define GIVEN_MS 5000         /* others use the reserve's room meanwhile */

void
disk_reserve_open(struct disk_reserve *reserve, const char *folder)
{
    *reserve = (struct disk_reserve){.folder = mem_string(folder),
                                     .file = mem_format("%s/reserve", folder)};
}

void
disk_reserve_close(struct disk_reserve *reserve)
{
    free(reserve->folder);
    free(reserve->file);
}

static void
make_reserve(struct disk_reserve *reserve)
{
    struct statvfs disk;
    off_t bytes;
    int fd = open(reserve->file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return;
    if (fstatvfs(fd, &disk) == 0) {
        bytes = (off_t)(disk.f_blocks / RESERVE_SHARE * disk.f_frsize);
        reserve->reserved =
            posix_fallocate(fd, 0, bytes < RESERVE_BYTES ? bytes : RESERVE_BYTES) == 0;
    }
    close(fd);
    if (!reserve->reserved)
        unlink(reserve->file);
}

bool
disk_reserve_low(struct disk_reserve *reserve)
{
    struct statvfs disk;
    uint64_t margin;

    if (!reserve->reserved &&
        (!reserve->given_ms || clock_monotonic_ms() - reserve->given_ms >= GIVEN_MS))
        make_reserve(reserve);
    if (!reserve->reserved || statvfs(reserve->folder, &disk))
        return true;
    margin = disk.f_blocks / MARGIN_SHARE * disk.f_frsize;
    return disk.f_bavail * disk.f_frsize < (margin < MARGIN_BYTES ? margin : MARGIN_BYTES);
}

void
disk_reserve_release(struct disk_reserve *reserve)
{
    unlink(reserve->file);
    reserve->reserved = false;
    reserve->given_ms = clock_monotonic_ms();
}

bool
disk_reserve_is_full(const struct disk_reserve *reserve)
{
    struct statvfs disk;
    return statvfs(reserve->folder, &disk) == 0 && disk.f_bavail * disk.f_frsize < NONE_BYTES;
}
