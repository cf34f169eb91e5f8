/* GET /events, an endless reply: server-sent events. */
#ifndef SUPERVISOR_CTL_NET_STREAM_H
#define SUPERVISOR_CTL_NET_STREAM_H

#include <stdbool.h>

#include "common/http/sse.h"
#include "supervisor/ctl/net/client.h"

struct stream;

/* Starts the call. client is borrowed for as long as the stream lives, and may be used for other
 * calls meanwhile. on_event is called by stream_wait(), first with NULL data once the daemon has
 * started to answer: from then on no event is missed. */
struct stream *stream_open(const struct client *client, sse_fn *on_event, void *arg);
void stream_close(struct stream *stream);

/* Waits until something arrives, fd is readable or timeout_ms have passed, and handles what
 * arrived. False if the stream has ended or never started; stream_error() says why. */
bool stream_wait(struct stream *stream, int fd, int timeout_ms);

/* The HTTP status of a refusal; 0 for other failures. */
int stream_refused(const struct stream *stream);

/* Why the last stream_wait() returned false. */
const char *stream_error(const struct stream *stream);

#endif
