/* The standard descriptors of a program whose starter closed them; and all of what goes through a
 * descriptor, although one call may move a part of it. */
#ifndef COMMON_BASE_DESCRIPTORS_H
#define COMMON_BASE_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

/* Opens /dev/null for those of 0, 1, 2 that are closed, so that no socket gets their number. */
void descriptors_standard(void);

/* Reads until there are size bytes, or no more. -1 with errno. */
ssize_t descriptors_read(int fd, void *to, size_t size);

/* Writes all of it, on a descriptor that blocks. -1 with errno. */
int descriptors_write(int fd, const void *from, size_t size);

#endif
