/* The reserve, and how much is free besides. */
#include "worker/queue/disk_reserve.h"

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
room_open(struct room *room, const char *folder)
{
    *room = (struct room){.folder = mem_string(folder), .file = mem_format("%s/reserve", folder)};
}

void
room_close(struct room *room)
{
    free(room->folder);
    free(room->file);
}

static void
make_reserve(struct room *room)
{
    struct statvfs disk;
    off_t bytes;
    int fd = open(room->file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return;
    if (fstatvfs(fd, &disk) == 0) {
        bytes = (off_t)(disk.f_blocks / RESERVE_SHARE * disk.f_frsize);
        room->reserved = posix_fallocate(fd, 0, bytes < RESERVE_BYTES ? bytes : RESERVE_BYTES) == 0;
    }
    close(fd);
    if (!room->reserved)
        unlink(room->file);
}

bool
room_low(struct room *room)
{
    struct statvfs disk;
    uint64_t margin;

    if (!room->reserved && (!room->given_ms || clock_monotonic_ms() - room->given_ms >= GIVEN_MS))
        make_reserve(room);
    if (!room->reserved || statvfs(room->folder, &disk))
        return true;
    margin = disk.f_blocks / MARGIN_SHARE * disk.f_frsize;
    return disk.f_bavail * disk.f_frsize < (margin < MARGIN_BYTES ? margin : MARGIN_BYTES);
}

void
room_give(struct room *room)
{
    unlink(room->file);
    room->reserved = false;
    room->given_ms = clock_monotonic_ms();
}

bool
room_none(const struct room *room)
{
    struct statvfs disk;
    return statvfs(room->folder, &disk) == 0 && disk.f_bavail * disk.f_frsize < NONE_BYTES;
}
