#include "common/http/listen_tcp.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/failpoint.h"

#define STREAM (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static int
bind_tcp(int fd, const struct addrinfo *address)
{
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on))
        return -1;
    /* "::" means only IPv6, not 0.0.0.0 as well. */
    if (address->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on))
        return -1;
    if (bind(fd, address->ai_addr, address->ai_addrlen))
        return -1;
    return listen(fd, LISTEN_TCP_BACKLOG);
}

static struct addrinfo *
address_of(const char *host, uint16_t port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *address = NULL;
    char service[8];

    snprintf(service, sizeof service, "%u", port);
    return getaddrinfo(host, service, &hints, &address) ? NULL : address;
}

int
listen_tcp(const char *host, uint16_t port, struct err *err)
{
    struct addrinfo *address = address_of(host, port);
    int fd;

    if (!address)
        return err_set(err, "bind_failed", "%s is not a numeric address", host);
    fd = failpoint("listen.socket") ? -1 : socket(address->ai_family, STREAM, 0);
    if (fd < 0 || bind_tcp(fd, address)) {
        err_errno(err, "bind_failed", "cannot listen on %s:%u", host, port);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    failpoint_here("listen.bound");
    freeaddrinfo(address);
    return fd;
}

bool
listen_tcp_is_on(int fd, const char *host, uint16_t port)
{
    struct addrinfo *address = address_of(host, port);
    struct sockaddr_storage own = {0};
    socklen_t length = sizeof own;
    bool same = address && getsockname(fd, (struct sockaddr *)&own, &length) == 0 &&
                length == address->ai_addrlen && memcmp(&own, address->ai_addr, length) == 0;

    if (address)
        freeaddrinfo(address);
    return same;
}
