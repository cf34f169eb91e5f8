/* The supervisor's child gets its log files from it, at its start and after each rotation: it needs
 * no right to the folder they are in. */
#ifndef WORKER_LOG_CHANNEL_H
#define WORKER_LOG_CHANNEL_H

#include <event2/event.h>

struct log_channel;

/* Takes over fd. The files that are handed on become the log's at once; without any, and once the
 * supervisor is gone, the log stays as it is. */
struct log_channel *log_channel_open(struct event_base *base, int fd);

void log_channel_close(struct log_channel *channel);

#endif
