/* Closes tunnels: one, or all others when the gate shuts. */
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/log.h"
#include "worker/proxy/internal.h"

void
tunnel_close_side(struct bufferevent **side)
{
    if (*side)
        bufferevent_free(*side);
    *side = NULL;
}

void
tunnel_free(struct tunnel *t)
{
    struct proxy *proxy = t->proxy;

    for (struct tunnel **link = &proxy->tunnels; *link; link = &(*link)->next)
        if (*link == t) {
            *link = t->next;
            break;
        }
    proxy->tunnel_count--;
    if (t->wait)
        names_cancel(t->wait);
    if (t->lookup)
        evdns_getaddrinfo_cancel(t->lookup);
    if (t->addresses)
        evutil_freeaddrinfo(t->addresses);
    tunnel_close_side(&t->browser);
    tunnel_close_side(&t->erp);
    free(t);
}

void
proxy_end_tunnels(struct proxy *proxy, const struct tunnel *kept)
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
    proxy_end_tunnels(proxy, t);
}

static bool
has_ended(struct bufferevent *side)
{
    struct tcp_info info;
    socklen_t length = sizeof info;

    return !side || getsockopt(bufferevent_getfd(side), IPPROTO_TCP, TCP_INFO, &info, &length) ||
           info.tcpi_state != TCP_ESTABLISHED;
}

/* A browser that drops a connection and repeats its request on another one does so in this order,
 * but both may be read in one turn of the loop. */
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
