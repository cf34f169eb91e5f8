/* Log files that come over a socket. */
#include "worker/log_channel.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/log_files.h"

struct log_channel {
    struct event *readable;
    int fd;
};

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct log_channel *channel = arg;
    struct log_files files;
    int got;

    (void)what;
    while ((got = log_files_receive((int)fd, &files)) > 0)
        log_take_files(&files);
    if (got == 0)
        event_del(channel->readable);
}

struct log_channel *
log_channel_open(struct event_base *base, int fd)
{
    struct log_channel *channel = mem_alloc(sizeof *channel);

    channel->fd = fd;
    channel->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, channel);
    if (!channel->readable || event_add(channel->readable, NULL))
        die_abort("the log files' socket can't be listened on");
    return channel;
}

void
log_channel_close(struct log_channel *channel)
{
    event_free(channel->readable);
    close(channel->fd);
    free(channel);
}
