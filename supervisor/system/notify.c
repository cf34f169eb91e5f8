/* sd_notify(3), without its library. */
#include "supervisor/system/notify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 1

/* -1: there is no manager. */
static int
address_of_manager(struct sockaddr_un *address, socklen_t *size)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;

    if (length < 2 || length >= sizeof address->sun_path)
        return -1;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length);
    if (address->sun_path[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return 0;
}

static void
attach(struct cmsghdr *header, int passed)
{
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof passed);
    memcpy(CMSG_DATA(header), &passed, sizeof passed);
}

/* A manager that is busy has its messages a moment later: one that is lost would leave a port open
 * that nothing serves. */
static void
send_state(const char *state, int passed, int flags)
{
    static bool deaf; /* it made us wait in vain: once is enough */
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof passed)];
    } control = {.bytes = {0}};
    struct iovec text = {(char *)state, strlen(state)};
    struct sockaddr_un address;
    struct msghdr message = {.msg_name = &address, .msg_iov = &text, .msg_iovlen = 1};
    ssize_t sent;
    int fd;

    if (address_of_manager(&address, &message.msg_namelen))
        return;
    if (passed >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.bytes;
        attach(&control.header, passed);
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    /* Continue if the service manager does not listen. */
    sent = sendmsg(fd, &message, MSG_NOSIGNAL | flags | (deaf ? MSG_DONTWAIT : 0));
    deaf = flags ? deaf : sent < 0;
    close(fd);
}

void
notify_send_fd(const char *state, int passed)
{
    send_state(state, passed, 0);
}

void
notify_send(const char *state)
{
    send_state(state, -1, 0);
}

void
notify_alive(void)
{
    send_state("WATCHDOG=1", -1, MSG_DONTWAIT);
}

int64_t
notify_watchdog_ms(void)
{
    const char *patience_us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!patience_us || (pid && strtol(pid, NULL, 10) != getpid()))
        return 0;
    return strtoll(patience_us, NULL, 10) / 2000;
}
