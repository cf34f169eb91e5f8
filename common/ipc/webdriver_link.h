/* The link between a workshop's worker and its own WebDriver server, which runs in its own network
 * namespace (conf/pumpline-webdriver@.service): only what is passed here leads into it.
 *
 * The worker listens on a Unix socket (SOCK_SEQPACKET) that the supervisor has created for it. The
 * server's unit (supervisor/webdriver) connects and passes sockets of its network: first the one on
 * which the worker accepts its browser's connections, then WEBDRIVER_LINK_SOCKETS unconnected ones
 * for requests to the driver. For each of these that it uses, the worker sends one byte and gets
 * another socket. When the link ends, all sockets that were not used are closed. */
#ifndef COMMON_IPC_WEBDRIVER_LINK_H
#define COMMON_IPC_WEBDRIVER_LINK_H

#define WEBDRIVER_LINK_SOCKETS 8
#define WEBDRIVER_LINK_MORE 'm' /* what the worker sends */

/* What is passed. */
#define WEBDRIVER_LINK_PROXY 'p'
#define WEBDRIVER_LINK_REQUEST 'r'

/* In the server's own network. Not the port of a shared driver: Landlock allows a worker to connect
 * to a port number, in whichever network namespace. */
#define WEBDRIVER_LINK_URL "http://127.0.0.1:9514"
#define WEBDRIVER_LINK_PROXY_HOST "127.0.0.1"
#define WEBDRIVER_LINK_PROXY_PORT 1080

#endif
