/* The worker's end of the link to its own WebDriver server (common/ipc/webdriver_link.h): hands out
 * the sockets that come over it. */
#ifndef WORKER_IO_OWN_DRIVER_H
#define WORKER_IO_OWN_DRIVER_H

#include <event2/event.h>

struct own_driver;

/* Takes over listen_fd, to which the server's unit connects. browser: called with the socket on
 * which the browser's connections are accepted, which the callee takes over, and with -1 once the
 * link has ended. */
struct own_driver *own_driver_new(struct event_base *base, int listen_fd,
                                  void (*browser)(int fd, void *arg), void *arg);

/* A TCP socket of the server's network for one connection to it, owned by the caller; -1: the
 * server is not there. */
int own_driver_socket(struct own_driver *driver);

/* browser is no longer called. NULL is allowed. */
void own_driver_free(struct own_driver *driver);

#endif
