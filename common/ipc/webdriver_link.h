/* The link between a workshop's worker and its own WebDriver server, which has a network of its own
 * (conf/pumpline-webdriver@.service): nothing but what is passed here leads into it.
 *
 * The worker listens, on a Unix socket (SOCK_SEQPACKET) that the supervisor has made for it; the
 * server's unit (supervisor/webdriver) connects, and passes sockets of its network: at once the one
 * on which the worker accepts its browser's connections, and WEBDRIVER_LINK_SOCKETS for requests to
 * the driver, not connected. For each of those that it takes the worker sends one byte, and gets
 * another one. The end of the link is the end of all of them that were not taken. */
#ifndef COMMON_IPC_WEBDRIVER_LINK_H
#define COMMON_IPC_WEBDRIVER_LINK_H

#define WEBDRIVER_LINK_SOCKETS 8
#define WEBDRIVER_LINK_MORE 'm' /* what the worker sends */

/* What is passed. */
#define WEBDRIVER_LINK_PROXY 'p'
#define WEBDRIVER_LINK_REQUEST 'r'

/* In the server's own network. Not the port of a driver that workshops share: Landlock lets a
 * worker connect to a port, whichever network it is in. */
#define WEBDRIVER_LINK_URL "http://127.0.0.1:9514"
#define WEBDRIVER_LINK_PROXY_HOST "127.0.0.1"
#define WEBDRIVER_LINK_PROXY_PORT 1080

#endif
