/* Passes one descriptor, with one byte that tells its kind, to another process. */
#ifndef COMMON_IPC_PASS_FD_H
#define COMMON_IPC_PASS_FD_H

/* The caller keeps the descriptor. 0, or -1 with errno. */
int pass_fd_send(int link, char kind, int fd);

/* Does not block. Returns the kind of the next message and its descriptor (close-on-exec, owned by
 * the caller; -1: none was attached), 0 at the end of the link, or -1 with errno. */
int pass_fd_receive(int link, int *fd);

#endif
