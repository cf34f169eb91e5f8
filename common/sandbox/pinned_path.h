/* A file or folder that was opened while the process still had access, and whether its path still
 * leads there: a descriptor stays with what it was opened for, even if a share was mounted over it
 * or another folder took its name; what is then written there is lost. */
#ifndef COMMON_SANDBOX_PINNED_PATH_H
#define COMMON_SANDBOX_PINNED_PATH_H

#include <stdint.h>
#include <sys/types.h>

struct pinned_path {
    char *path; /* as configured, without slashes at its end */
    int fd;     /* O_PATH; -1: it did not exist */
    int mounts_fd;
    dev_t device;
    ino_t inode;
    char *found; /* the kernel's name for it, and its mounts */
    int64_t opened_ms;
};

enum pinned_path_state {
    PINNED_SAME,  /* or unknown at the moment: using it will show */
    PINNED_GONE,  /* it may come back unchanged */
    PINNED_OTHER, /* the path leads elsewhere */
    PINNED_HIDDEN /* it may lead elsewhere: only a new process can check */
};

/* Never NULL: what cannot be opened counts as missing. */
struct pinned_path *pinned_path_open(const char *path);
void pinned_path_close(struct pinned_path *pinned);

/* If a folder above is inaccessible to this user, it relies on what the kernel reports about the
 * descriptor. What did not exist at the start is GONE then, and after some seconds HIDDEN. */
enum pinned_path_state pinned_path_look(const struct pinned_path *pinned);

/* The kernel's name for it: absolute, without links; the caller frees it. NULL: it does not exist.
 */
char *pinned_path_real(const struct pinned_path *pinned);

#endif
