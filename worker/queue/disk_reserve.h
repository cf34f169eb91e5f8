/* Room on the disk: some is kept in a file of its own, so that the orders that are here can be
 * brought to their ends when somebody else has filled the disk. */
#ifndef WORKER_QUEUE_DISK_RESERVE_H
#define WORKER_QUEUE_DISK_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

struct room {
    char *folder;
    char *file;       /* the reserve */
    bool reserved;    /* it is there */
    int64_t given_ms; /* monotonic: when it was given up; 0: never */
};

/* Nothing is made before room_low asks. */
void room_open(struct room *room, const char *folder);
void room_close(struct room *room);

/* Whether so little is free that no further order should be taken: less than 16 MiB or a twentieth
 * of the disk, or no reserve. Makes the reserve where it is missing, but not soon after it was
 * given up. */
bool room_low(struct room *room);

/* Gives the reserve up: the next write finds its room. */
void room_give(struct room *room);

/* Whether a write may have failed for want of room: less than 1 MiB is free. */
bool room_none(const struct room *room);

#endif
