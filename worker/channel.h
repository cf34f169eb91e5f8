/* The supervisor's child: the worker behind the channel.
 *
 * Waits for its configuration, says ready, answers pings and calls, reports changes, and stops when
 * told to or when the supervisor is gone; its last message is bye. */
#ifndef WORKER_CHANNEL_H
#define WORKER_CHANNEL_H

#include <event2/event.h>

struct channel;
struct worker;

/* chan_fd and listen_fd are taken over. */
struct channel *channel_new(struct event_base *base, int chan_fd, int listen_fd);

/* A signal requests a graceful stop. */
void channel_stop(struct channel *channel);

/* The process's exit status: 0, or a sysexits code if it could not start. Frees everything. */
int channel_end(struct channel *channel);

#endif
