/* The forward proxy between a workshop's browser and its ERP: SOCKS5 on a port of this machine.
 *
 * A tunnel passes bytes as they are, encrypted or not, to the ERP's hosts alone. The gate (gate.h)
 * decides whether they still may pass. One browser uses it at a time; where the process dies, the
 * proxy dies with it, and with the proxy all that the browser might still send. */
#ifndef WORKER_PROXY_PROXY_H
#define WORKER_PROXY_PROXY_H

#include <event2/event.h>
#include <jansson.h>

#include "common/base/err.h"
#include "common/base/host_pattern.h"
#include "erp-drivers/driver.h"
#include "worker/io/names.h"

#define PROXY_TUNNELS_MAX 128         /* further connections are closed at once */
#define PROXY_LIST_TIME_BYTES 12      /* in front of each line: "   1.234 s  " */
#define PROXY_LIST_BYTES_MAX 32768u   /* of the list of requests; the rest is counted */
#define PROXY_BUFFER_BYTES (1u << 18) /* of one tunnel and direction */
#define PROXY_ADDRESS_BYTES 80
#define PROXY_ADDRESS_DEFAULT "127.0.0.1:0" /* for a browser on this machine */

struct proxy;

/* Listens on address ("127.0.0.1:0": any free port), and writes to it what it is by then. Must be
 * called before the process is shut in. -1 with *err. */
int proxy_listen(char address[PROXY_ADDRESS_BYTES], struct err *err)
    __attribute__((warn_unused_result));

/* The hosts that a page of this erp object may reach: of its url, and what `hosts` of its browser
 * and of its recipe's browser say. The caller frees them. */
struct host_pattern *proxy_hosts(const json_t *erp, const json_t *recipe, size_t *count);

/* Takes over fd, as proxy_listens does; hosts are copied. The gate is shut until a browser is
 * opened. */
struct proxy *proxy_new(struct event_base *base, int fd, const struct host_pattern *hosts,
                        size_t count);

/* From now on it listens on fd, which it takes over, instead of what it has; -1: on nothing. */
void proxy_listens(struct proxy *proxy, int fd);

/* Who resolves names, borrowed for its life; NULL, as at the beginning: the proxy itself, by DNS.
 */
void proxy_use_names(struct proxy *proxy, struct names *names);
void proxy_free(struct proxy *proxy);

/* A request to the browser's driver leaves: what it means for the gate. proxy NULL: nothing. */
void proxy_leaves(struct proxy *proxy, const struct erp_request *request);

/* Why the gate has shut since the browser was opened, or NULL. proxy may be NULL. */
const char *proxy_shut(const struct proxy *proxy);

/* A new attempt: the list of requests begins anew. */
void proxy_begin(struct proxy *proxy);

/* What the browser asked for since proxy_begin, a line each, without query strings; the caller
 * frees it. Never NULL. */
char *proxy_list(const struct proxy *proxy);

#endif
