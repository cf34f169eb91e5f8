/* Standard descriptors that the parent process may have closed, and complete reads and writes,
 * since one system call may move only part of the data. */
#ifndef COMMON_BASE_DESCRIPTORS_H
#define COMMON_BASE_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

/* Opens /dev/null for each of 0, 1 and 2 that is closed, so that no socket gets its number. */
void descriptors_standard(void);

/* Reads until size bytes or the end of the input. -1 with errno. */
ssize_t descriptors_read(int fd, void *to, size_t size);

/* Writes everything to a blocking descriptor. -1 with errno. */
int descriptors_write(int fd, const void *from, size_t size);

#endif
