/* A file or folder that was opened while the process could still reach it, and whether its path
 * still leads there: a descriptor stays with what it was opened for, also where a share was mounted
 * over it or another folder took its name, and what is written there then nobody finds. */
#ifndef WORKER_IO_PINNED_PATH_H
#define WORKER_IO_PINNED_PATH_H

#include <stdint.h>
#include <sys/types.h>

struct place {
    char *path; /* as configured, without slashes at its end */
    int fd;     /* O_PATH; -1: it was not there */
    int mounts_fd;
    dev_t device;
    ino_t inode;
    char *found; /* what the kernel calls it, and the mounts it lies on */
    int64_t opened_ms;
};

enum place_now {
    PLACE_SAME,  /* or nobody can tell now: then its use will */
    PLACE_GONE,  /* it may come back as it was */
    PLACE_OTHER, /* the path leads elsewhere */
    PLACE_HIDDEN /* it may lead elsewhere: only a new process can look */
};

/* Never NULL: what can't be opened is not there. */
struct place *place_open(const char *path);
void place_close(struct place *place);

/* Where a folder above is closed to this user it goes by what the kernel says of the descriptor.
 * What was not there at all is GONE then, and after some seconds HIDDEN. */
enum place_now place_look(const struct place *place);

/* The kernel's name for it: absolute, without links; the caller frees. NULL: it is not there. */
char *place_real_path(const struct place *place);

#endif
