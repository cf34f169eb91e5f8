/* The listener and the gate. */
#include "worker/proxy/proxy.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/proxy/internal.h"

#define BACKLOG 128

/* --- before the sandbox --- */

static int
bind_to(const struct addrinfo *address, char text[PROXY_ADDRESS_BYTES])
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    char host[64], port[8];

    if (fd >= 0 && bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0 && getsockname(fd, (struct sockaddr *)&bound, &length) == 0 &&
        getnameinfo((struct sockaddr *)&bound, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        snprintf(text, PROXY_ADDRESS_BYTES, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

int
proxy_listen(char address[PROXY_ADDRESS_BYTES], struct err *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    char asked[PROXY_ADDRESS_BYTES], *colon, *host = asked;
    struct addrinfo *found = NULL;
    int fd = -1;

    text_copy(asked, sizeof asked, address);
    colon = strrchr(asked, ':');
    *colon = '\0';
    if (*host == '[') {
        host++;
        host[strcspn(host, "]")] = '\0';
    }
    errno = EADDRNOTAVAIL;
    if (getaddrinfo(host, colon + 1, &hints, &found) == 0)
        fd = bind_to(found, address);
    if (found)
        freeaddrinfo(found);
    if (fd < 0)
        err_errno(err, "config", "cannot listen on %s for the browser", address);
    return fd;
}

/* --- the gate --- */

static void
arm(struct proxy *proxy)
{
    if (proxy->state != GATE_OPEN || failpoint("mutant.no_gate"))
        return;
    proxy->state = GATE_ARMED;
    for (struct tunnel *t = proxy->tunnels; t; t = t->next)
        gate_stream_arm(&t->stream);
}

static void
renew(struct proxy *proxy)
{
    proxy_end_tunnels(proxy, NULL);
    *proxy->why = '\0';
    proxy->state = GATE_OPEN;
}

void
proxy_leaves(struct proxy *proxy, const struct erp_request *request)
{
    if (!proxy)
        return;
    if (proxy->listener)
        evconnlistener_enable(proxy->listener);
    if (request->gate == ERP_GATE_RENEWS)
        renew(proxy);
    else if (request->commits)
        arm(proxy);
    else if (request->gate == ERP_GATE_OPENS && proxy->state == GATE_ARMED)
        proxy->state = GATE_OPEN;
}

const char *
proxy_shut(const struct proxy *proxy)
{
    return proxy && *proxy->why ? proxy->why : NULL;
}

/* --- the listener --- */

static void
on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
              int from_length, void *arg)
{
    struct proxy *proxy = arg;

    (void)listener;
    (void)from;
    (void)from_length;
    if (proxy->tunnel_count < PROXY_TUNNELS_MAX)
        tunnel_start(proxy, fd);
    else
        close(fd);
}

/* Out of descriptors: the next request to the browser's driver tries again. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
    (void)arg;
    log_warning("cannot accept a browser connection: %s", strerror(errno));
    evconnlistener_disable(listener);
}

void
proxy_listens(struct proxy *proxy, int fd)
{
    if (proxy->listener)
        evconnlistener_free(proxy->listener);
    proxy->listener = NULL;
    if (fd < 0)
        return;
    proxy->listener = evconnlistener_new(proxy->base, on_connection, proxy,
                                         LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!proxy->listener)
        die_abort("out of memory for the browser's proxy");
    evconnlistener_set_error_cb(proxy->listener, on_accept_error);
}

struct proxy *
proxy_new(struct event_base *base, int fd, const struct host_pattern *hosts, size_t count)
{
    struct proxy *proxy = mem_alloc(sizeof *proxy);

    proxy->base = base;
    proxy->hosts = mem_alloc(count * sizeof *hosts);
    memcpy(proxy->hosts, hosts, count * sizeof *hosts);
    proxy->host_count = count;
    proxy->state = GATE_SHUT;
    proxy->list = evbuffer_new();
    if (!proxy->list)
        die_abort("out of memory for the browser's proxy");
    proxy_listens(proxy, fd);
    proxy_begin(proxy);
    return proxy;
}

void
proxy_use_names(struct proxy *proxy, struct names *names)
{
    if (proxy)
        proxy->names = names;
}

void
proxy_free(struct proxy *proxy)
{
    if (!proxy)
        return;
    proxy_end_tunnels(proxy, NULL);
    proxy_listens(proxy, -1);
    if (proxy->dns)
        evdns_base_free(proxy->dns, 0);
    evbuffer_free(proxy->list);
    free(proxy->hosts);
    free(proxy);
}
