/* The deadline of a request on its way in. */
#include "common/http_watch.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/call.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"

/* When the request that a descriptor is receiving began. evhttp has no such deadline, and tells
 * nobody when it closes a connection; the socket's inode says whether a number still means the same
 * socket. */
struct receiving {
    ino_t inode;
    int64_t since_ms; /* monotonic; 0: nothing begun */
    size_t bytes;
};

static struct {
    struct receiving *slots; /* by descriptor: these are the process's, not a server's */
    size_t count;
} watch;

static ino_t
socket_inode(int fd)
{
    struct stat status;

    return fstat(fd, &status) ? 0 : status.st_ino;
}

void
http_watch_received(int fd)
{
    if (fd >= 0 && (size_t)fd < watch.count)
        watch.slots[fd].since_ms = 0;
}

/* The first byte of a request starts its clock. */
static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    int fd = bufferevent_getfd(arg);
    struct receiving *slot;
    ino_t inode;

    (void)input;
    if (!info->n_added || fd < 0)
        return;
    if ((size_t)fd >= watch.count) {
        size_t count = (size_t)fd + 64;

        watch.slots = mem_resize(watch.slots, count * sizeof *watch.slots);
        memset(watch.slots + watch.count, 0, (count - watch.count) * sizeof *watch.slots);
        watch.count = count;
    }
    slot = &watch.slots[fd];
    inode = socket_inode(fd);
    if (!slot->since_ms || slot->inode != inode)
        *slot = (struct receiving){.inode = inode, .since_ms = clock_monotonic_ms()};
    slot->bytes += info->n_added;
}

size_t
http_watch_bytes(int fd)
{
    return fd >= 0 && (size_t)fd < watch.count && watch.slots[fd].since_ms ? watch.slots[fd].bytes
                                                                           : 0;
}

struct bufferevent *
http_watch_connection(struct event_base *base)
{
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

    if (bev)
        evbuffer_add_cb(bufferevent_get_input(bev), on_input, bev);
    return bev;
}

/* evhttp is still reading, so nothing else is being written on this socket: the 408 goes out by
 * hand, and evhttp sees the end of the connection. */
static void
cut_off(int fd)
{
    json_t *problem =
        problem_json(408, "request_timeout", NULL, "the request did not arrive in time");
    char *body = json_dumps(problem, JSON_COMPACT);
    char *reply =
        mem_format("HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
                   "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                   strlen(body), body);

    if (send(fd, reply, strlen(reply), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_info("a late client was gone before it was told: %s", strerror(errno));
    shutdown(fd, SHUT_RDWR);
    json_decref(problem);
    free(body);
    free(reply);
}

void
http_watch_sweep(unsigned deadline_ms)
{
    int64_t now = clock_monotonic_ms();

    for (size_t fd = 0; fd < watch.count; fd++) {
        struct receiving *slot = &watch.slots[fd];

        if (!slot->since_ms || now - slot->since_ms < deadline_ms)
            continue;
        if (socket_inode((int)fd) == slot->inode)
            cut_off((int)fd);
        slot->since_ms = 0;
    }
}

void
http_watch_free(void)
{
    free(watch.slots);
    watch.slots = NULL;
    watch.count = 0;
}
