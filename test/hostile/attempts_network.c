/* Sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/hostile/attempts.h"

#define MPTCP 262

static struct sockaddr_in
loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int
connect_with(int protocol, int port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, protocol);

    return attempt_result(fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int
connect_erp(const json_t *plan)
{
    return connect_with(0, plan_number(plan, "erp_port"));
}

static int
connect_sibling(const json_t *plan)
{
    return connect_with(0, plan_number(plan, "sibling_port"));
}

static int
connect_multipath(const json_t *plan)
{
    return connect_with(MPTCP, plan_number(plan, "sibling_port"));
}

static int
connect_ipv6(const json_t *plan)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)plan_number(plan, "sibling_port"))};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
    return attempt_result(fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int
send_fast(int port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return attempt_result(
        sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to));
}

/* Data in the first packet bypasses connect(). */
static int
connect_fast_open(const json_t *plan)
{
    return send_fast(plan_number(plan, "sibling_port"));
}

static int
connect_fast_open_message(const json_t *plan)
{
    struct sockaddr_in to = loopback(plan_number(plan, "sibling_port"));
    struct iovec data = {.iov_base = (char[]){"x"}, .iov_len = 1};
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &data, .msg_iovlen = 1};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return attempt_result(sendmsg(fd, &message, MSG_FASTOPEN | MSG_NOSIGNAL));
}

static int
send_datagram(const json_t *plan)
{
    struct sockaddr_in to = loopback(plan_number(plan, "sibling_port"));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return attempt_result(fd < 0 ? fd : sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
}

static int
bind_as(int kind)
{
    struct sockaddr_in own = loopback(0);
    int fd = socket(AF_INET, kind, 0);

    return attempt_result(fd < 0 ? fd : bind(fd, (struct sockaddr *)&own, sizeof own));
}

static int
bind_tcp(const json_t *plan)
{
    (void)plan;
    return bind_as(SOCK_STREAM);
}

static int
bind_udp(const json_t *plan)
{
    (void)plan;
    return bind_as(SOCK_DGRAM);
}

/* Without bind, the kernel chooses the port. */
static int
listen_anywhere(const json_t *plan)
{
    (void)plan;
    return attempt_result(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}

static int
open_socket(int family, int kind, int protocol)
{
    return attempt_result(socket(family, kind, protocol));
}

#define OPENS(function, family, kind, protocol)                                                    \
    static int function(const json_t *plan)                                                        \
    {                                                                                              \
        (void)plan;                                                                                \
        return open_socket(family, kind, protocol);                                                \
    }

OPENS(open_raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
OPENS(open_raw_ipv6, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
OPENS(open_packet, AF_PACKET, SOCK_RAW, 0)
OPENS(open_netlink, AF_NETLINK, SOCK_RAW, 0)
OPENS(open_unix_datagram, AF_UNIX, SOCK_DGRAM, 0)

static int
pair_datagram(const json_t *plan)
{
    int pair[2];

    (void)plan;
    return attempt_result(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

static int
connect_unix(int fd, const json_t *plan)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    snprintf(to.sun_path, sizeof to.sun_path, "%s", plan_text(plan, "control_socket"));
    return attempt_result(fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int
control_socket(const json_t *plan)
{
    return connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), plan);
}

/* With one end of a socket pair, which is allowed. */
static int
control_socket_by_pair(const json_t *plan)
{
    int pair[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ? errno : connect_unix(pair[0], plan);
}

static int
control_socket_by_channel(const json_t *plan)
{
    return connect_unix(3, plan);
}

static int
resolve(const json_t *plan)
{
    struct addrinfo *found;

    (void)plan;
    return getaddrinfo("localhost", "80", NULL, &found) ? ENOENT : 0;
}

const struct attempt network_attempts[] = {
    {"allowed_erp_port", connect_erp},
    {"allowed_name", resolve},
    {"connect_sibling", connect_sibling},
    {"connect_ipv6", connect_ipv6},
    {"connect_multipath", connect_multipath},
    {"connect_fast_open", connect_fast_open},
    {"connect_fast_open_message", connect_fast_open_message},
    {"send_datagram", send_datagram},
    {"bind_tcp", bind_tcp},
    {"bind_udp", bind_udp},
    {"listen_anywhere", listen_anywhere},
    {"open_raw", open_raw},
    {"open_raw_ipv6", open_raw_ipv6},
    {"open_packet", open_packet},
    {"open_netlink", open_netlink},
    {"open_unix_datagram", open_unix_datagram},
    {"pair_datagram", pair_datagram},
    {"control_socket", control_socket},
    {"control_socket_by_pair", control_socket_by_pair},
    {"control_socket_by_channel", control_socket_by_channel},
};
const size_t network_attempt_count = sizeof network_attempts / sizeof *network_attempts;
