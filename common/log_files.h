/* The log files of a workshop: opened by a process that may, handed on over a socket to one that
 * may not. */
#ifndef COMMON_LOG_FILES_H
#define COMMON_LOG_FILES_H

#include "common/err.h"
#include "common/log.h"

/* Descriptors by enum log_file; -1: none. */
struct log_files {
    int fds[LOG_FILES];
};

/* Opens FOLDER/SLUG_api.log and FOLDER/SLUG_create_orderline.log for appending, 0640, never through
 * a link; makes the folder, 0750, where it is missing. One that can't be opened is reported, as a
 * line of `name`'s, and left out: logging never keeps an order from being taken. */
struct log_files log_files_open(const char *folder, const char *slug, const char *name);

void log_files_close(struct log_files *files);

/* Hands them on over a SOCK_SEQPACKET socket, without waiting; they stay the caller's too. */
int log_files_send(int socket, const struct log_files *files, struct err *err)
    __attribute__((warn_unused_result));

/* The next ones that were handed on, close-on-exec; nothing is waited for. 1: *files is filled, 0:
 * the other end is gone, -1: there are none, or what came are no log files. */
int log_files_receive(int socket, struct log_files *files);

#endif
