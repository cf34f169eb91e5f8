/* Room on the disk: some is kept in a file of its own, so that the orders that are here can be
 * finished when something else has filled the disk. */
#ifndef WORKER_STORE_DISK_RESERVE_H
#define WORKER_STORE_DISK_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

struct disk_reserve {
    char *folder;
    char *file;       /* the reserve */
    bool reserved;    /* it is there */
    int64_t given_ms; /* monotonic: when it was given up; 0: never */
};

/* Nothing is made before disk_reserve_low asks. */
void disk_reserve_open(struct disk_reserve *reserve, const char *folder);
void disk_reserve_close(struct disk_reserve *reserve);

/* Whether so little is free that no further order should be taken: less than 16 MiB or a twentieth
 * of the disk, or no reserve. Makes the reserve where it is missing, but not soon after it was
 * given up. */
bool disk_reserve_low(struct disk_reserve *reserve);

/* Gives the reserve up: the next write finds its room. */
void disk_reserve_release(struct disk_reserve *reserve);

/* Whether a write may have failed for want of room: less than 1 MiB is free. */
bool disk_reserve_is_full(const struct disk_reserve *reserve);

#endif
