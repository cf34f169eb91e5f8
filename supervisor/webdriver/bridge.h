/* Inside a workshop's own WebDriver server: starts the driver and passes sockets of this network to
 * the worker (common/ipc/webdriver_link.h). No byte of theirs comes through here. */
#ifndef SUPERVISOR_WEBDRIVER_BRIDGE_H
#define SUPERVISOR_WEBDRIVER_BRIDGE_H

/* path: the worker's socket. command: the driver, with arguments and NULL. Returns once the driver
 * has ended, with a sysexits status. */
int bridge_run(const char *path, char *const command[]);

#endif
