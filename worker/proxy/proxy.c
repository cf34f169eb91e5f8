/* The listener, the gate, and who may be reached. */
#include "worker/proxy/proxy.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/proxy/internal.h"

#define BACKLOG 128
#define RESOLV_CONF "/etc/resolv.conf"

/* --- before the process is shut in --- */

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

static void
add_hosts(struct host_pattern *hosts, size_t *count, const json_t *browser)
{
    const json_t *host;
    size_t i;

    json_array_foreach(json_object_get(browser, "hosts"), i, host) *count +=
        host_pattern_parse(json_string_value(host), &hosts[*count]);
}

struct host_pattern *
proxy_hosts(const json_t *erp, const json_t *recipe, size_t *count)
{
    const json_t *own = json_object_get(erp, "browser"),
                 *of_recipe = json_object_get(recipe, "browser");
    struct host_pattern *hosts = mem_alloc((1 + json_array_size(json_object_get(own, "hosts")) +
                                            json_array_size(json_object_get(of_recipe, "hosts"))) *
                                           sizeof *hosts);

    host_pattern_of_url(json_string_value(json_object_get(erp, "url")), hosts);
    *count = 1;
    add_hosts(hosts, count, own);
    add_hosts(hosts, count, of_recipe);
    return hosts;
}

/* --- the gate --- */

/* Those but kept; NULL: all. */
static void
end_all(struct proxy *proxy, const struct tunnel *kept)
{
    struct tunnel *next;

    for (struct tunnel *t = proxy->tunnels; t; t = next) {
        /* cppcheck-suppress nullPointerRedundantCheck ; kept may be NULL, t is not */
        next = t->next;
        if (t != kept)
            tunnel_free(t);
    }
}

void
proxy_shut_gate(struct proxy *proxy, struct tunnel *t, const char *what)
{
    char *why = mem_format(
        "%s to %s:%u was %s before its reply arrived: looking up whether the ERP stored the line",
        *t->request ? t->request : "a connection", t->target.host, t->target.port, what);

    text_clean(why);
    text_copy(proxy->why, sizeof proxy->why, why);
    free(why);
    list_end(t, what);
    log_info("blocking the browser's access to the ERP: %s", proxy->why);
    proxy->state = GATE_SHUT;
    end_all(proxy, t);
}

static bool
has_ended(struct bufferevent *side)
{
    struct tcp_info info;
    socklen_t length = sizeof info;

    return !side || getsockopt(bufferevent_getfd(side), IPPROTO_TCP, TCP_INFO, &info, &length) ||
           info.tcpi_state != TCP_ESTABLISHED;
}

/* A browser that gives a connection up and repeats its request on another one does so in this
 * order, but both may be read in one turn of the loop. */
bool
proxy_has_ended_one(struct proxy *proxy, const struct tunnel *tunnel)
{
    for (struct tunnel *t = proxy->tunnels; t; t = t->next) {
        if (t == tunnel)
            continue;
        if ((gate_stream_shuts(&t->stream, true) && has_ended(t->browser)) ||
            (gate_stream_shuts(&t->stream, false) && has_ended(t->erp))) {
            proxy_shut_gate(proxy, t, "closed");
            tunnel_free(t);
            return true;
        }
    }
    return false;
}

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
    end_all(proxy, NULL);
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

/* --- who may be reached --- */

bool
proxy_allows(const struct proxy *proxy, const struct socks_target *target)
{
    for (size_t i = 0; i < proxy->host_count; i++)
        if (host_pattern_matches(&proxy->hosts[i], target->host, target->port))
            return true;
    return false;
}

/* Without a readable resolv.conf libevent asks a name server on this machine; /etc/hosts is read in
 * any case. */
struct evdns_base *
proxy_dns(struct proxy *proxy)
{
    if (!proxy->dns) {
        proxy->dns = evdns_base_new(proxy->base, 0);
        if (!proxy->dns)
            die_abort("out of memory for names");
        (void)evdns_base_resolv_conf_parse(proxy->dns, DNS_OPTIONS_ALL, RESOLV_CONF);
    }
    return proxy->dns;
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
    end_all(proxy, NULL);
    proxy_listens(proxy, -1);
    if (proxy->dns)
        evdns_base_free(proxy->dns, 0);
    evbuffer_free(proxy->list);
    free(proxy->hosts);
    free(proxy);
}
