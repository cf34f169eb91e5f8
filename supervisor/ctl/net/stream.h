/* GET /events, a reply that goes on for as long as both sides like: server-sent events. */
#ifndef SUPERVISOR_CTL_NET_STREAM_H
#define SUPERVISOR_CTL_NET_STREAM_H

#include <stdbool.h>

#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/net/sse.h"

struct stream;

/* Begins the call. client is borrowed for as long as the stream
 * lives, and may be called meanwhile. on_event is called by stream_wait(), first with NULL data
 * once the daemon has begun to answer: from then on no event is missed. */
struct stream *stream_open(const struct client *client, sse_fn *on_event, void *arg);
void stream_close(struct stream *stream);

/* Waits until something came in, fd is readable or timeout_ms have passed, and handles what came.
 * False where the stream has ended or never began; stream_error() says why. */
bool stream_wait(struct stream *stream, int fd, int timeout_ms);

/* The HTTP status of a refusal; 0 where it was something else. */
int stream_refused(const struct stream *stream);

/* Why the last stream_wait() returned false. */
const char *stream_error(const struct stream *stream);

#endif
