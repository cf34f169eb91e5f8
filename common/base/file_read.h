/* Reads whole files that a configuration names, whatever is at the path.
 *
 * A FIFO, a terminal or a device must neither block the process nor pass for a file, and no file
 * may exhaust the memory: only regular files are read, up to a limit. */
#ifndef COMMON_BASE_FILE_READ_H
#define COMMON_BASE_FILE_READ_H

#include <stddef.h>

#include "common/base/err.h"

/* Opens for reading; more: further flags for open(2). -1 with *err, whose text does not name the
 * path and whose code is "no_file" (it does not exist), "no_regular_file" or "unreadable". */
int file_open(const char *path, int more, struct err *err);

/* The whole file in secret memory, with a NUL appended: secret_free it. NULL with *err as above, or
 * with the code "too_large". */
char *file_read(const char *path, size_t limit, size_t *length, struct err *err);

#endif
