/* The forward proxy between a workshop's browser and its ERP: SOCKS5 on a port of this machine.
 *
 * A tunnel passes bytes unchanged, encrypted or not, and only to the ERP's hosts. The gate (gate.h)
 * decides whether they may still pass. One browser uses it at a time; if the process dies, the
 * proxy dies with it, and the browser can send nothing more. */
#ifndef WORKER_PROXY_PROXY_H
#define WORKER_PROXY_PROXY_H

#include <event2/event.h>
#include <jansson.h>

#include "common/base/err.h"
#include "common/base/host_pattern.h"
#include "erp-drivers/driver.h"
#include "worker/io/names.h"

#define PROXY_TUNNELS_MAX 128         /* further connections are closed at once */
#define PROXY_LIST_TIME_BYTES 12      /* before each line: "   1.234 s  " */
#define PROXY_LIST_BYTES_MAX 32768u   /* of the list of requests; the rest is counted */
#define PROXY_BUFFER_BYTES (1u << 18) /* of one tunnel and direction */
#define PROXY_ADDRESS_BYTES 80
#define PROXY_ADDRESS_DEFAULT "127.0.0.1:0" /* for a browser on this machine */

struct proxy;

/* Listens on address ("127.0.0.1:0": any free port), and writes the actual address to it. Must be
 * called before the sandbox. -1 with *err. */
int proxy_listen(char address[PROXY_ADDRESS_BYTES], struct err *err)
    __attribute__((warn_unused_result));

/* The hosts that a page of this erp object may connect to: of its url, and of `hosts` of its
 * browser and of its recipe's browser. The caller frees them. */
struct host_pattern *proxy_hosts(const json_t *erp, const json_t *recipe, size_t *count);

/* Takes over fd, a socket of proxy_listens; hosts are copied. The gate is shut until a browser is
 * opened. */
struct proxy *proxy_new(struct event_base *base, int fd, const struct host_pattern *hosts,
                        size_t count);

/* From now on it listens on fd, which it takes over, instead of the current socket; -1: on nothing.
 */
void proxy_listens(struct proxy *proxy, int fd);

/* The resolver, borrowed for its life; NULL, as initially: the proxy itself, by DNS. */
void proxy_use_names(struct proxy *proxy, struct names *names);
void proxy_free(struct proxy *proxy);

/* A request to the browser's driver is sent: what it means for the gate. proxy NULL: nothing. */
void proxy_leaves(struct proxy *proxy, const struct erp_request *request);

/* Why the gate has shut since the browser was opened, or NULL. proxy may be NULL. */
const char *proxy_shut(const struct proxy *proxy);

/* A new attempt: restarts the list of requests. */
void proxy_begin(struct proxy *proxy);

/* The browser's requests since proxy_begin, one per line, without query strings; the caller frees
 * it. Never NULL. */
char *proxy_list(const struct proxy *proxy);

#endif
