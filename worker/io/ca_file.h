/* The certificates that a workshop trusts, read with the original rights, before the sandbox. */
#ifndef WORKER_IO_CA_FILE_H
#define WORKER_IO_CA_FILE_H

#include "common/base/err.h"

#define CA_FILE_BYTES_MAX (1u << 20) /* the system's own bundle has a fifth of that */

/* 0 with *pem, which the caller frees; NULL, with a warning in the log, if it cannot be read: then
 * no server is trusted. -1 with *err, code "config", if it contains anything but certificates: a
 * path in the configuration must not bring a key, or root's files, into a worker. */
int ca_file_read(const char *path, char **pem, struct err *err) __attribute__((warn_unused_result));

#endif
