/* Files that a configuration names: read whole, whatever stands at the path.
 *
 * A FIFO, a terminal or a device must neither hold the process up nor be taken for a file, and no
 * file may fill the memory: only regular files, up to a limit. */
#ifndef COMMON_BASE_FILE_READ_H
#define COMMON_BASE_FILE_READ_H

#include <stddef.h>

#include "common/base/err.h"

/* For reading; more: further flags of open(2). -1 with *err, whose text does not name the path and
 * whose code is "no_file" (there is none), "no_regular_file" or "unreadable". */
int file_open(const char *path, int more, struct err *err);

/* All of it in secret memory, with a NUL behind it: secret_free it. NULL with *err as above, or
 * with the code "too_large". */
char *file_read(const char *path, size_t limit, size_t *length, struct err *err);

#endif
