/* A file or folder that was opened while the process could still reach it, and whether its path
 * still leads there: a descriptor stays with what it was opened for, also where a share was mounted
 * over it or another folder took its name, and what is written there then nobody finds. */
#ifndef WORKER_SANDBOX_PINNED_PATH_H
#define WORKER_SANDBOX_PINNED_PATH_H

#include <stdint.h>
#include <sys/types.h>

struct pinned_path {
    char *path; /* as configured, without slashes at its end */
    int fd;     /* O_PATH; -1: it was not there */
    int mounts_fd;
    dev_t device;
    ino_t inode;
    char *found; /* what the kernel calls it, and the mounts it lies on */
    int64_t opened_ms;
};

enum pinned_path_state {
    PINNED_SAME,  /* or unknown now: using it will tell */
    PINNED_GONE,  /* it may come back as it was */
    PINNED_OTHER, /* the path leads elsewhere */
    PINNED_HIDDEN /* it may lead elsewhere: only a new process can look */
};

/* Never NULL: what can't be opened is not there. */
struct pinned_path *pinned_path_open(const char *path);
void pinned_path_close(struct pinned_path *pinned);

/* Where a folder above is closed to this user it goes by what the kernel says of the descriptor.
 * What was not there at all is GONE then, and after some seconds HIDDEN. */
enum pinned_path_state pinned_path_look(const struct pinned_path *pinned);

/* The kernel's name for it: absolute, without links; the caller frees. NULL: it is not there. */
char *pinned_path_real(const struct pinned_path *pinned);

#endif
