/* Inside a workshop's own WebDriver server: starts the driver and passes sockets of this network
 * namespace to the worker (common/ipc/webdriver_link.h). Their data does not pass through here. */
#ifndef SUPERVISOR_WEBDRIVER_BRIDGE_H
#define SUPERVISOR_WEBDRIVER_BRIDGE_H

/* path: the worker's socket. command: the driver with its arguments, NULL-terminated. Returns once
 * the driver has ended, with a sysexits status. */
int bridge_run(const char *path, char *const command[]);

#endif
