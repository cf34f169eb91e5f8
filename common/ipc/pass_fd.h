/* One descriptor and one byte that says what it is, from process to process. */
#ifndef COMMON_IPC_PASS_FD_H
#define COMMON_IPC_PASS_FD_H

/* The descriptor stays the caller's. 0, or -1 with errno. */
int pass_fd_send(int link, char kind, int fd);

/* Does not wait. Returns the kind of the next message and its descriptor (close-on-exec, the
 * caller's; -1: it came without one), 0 at the link's end, or -1 with errno. */
int pass_fd_receive(int link, int *fd);

#endif
