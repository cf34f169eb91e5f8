/* Server-sent events (the HTML standard, 9.2) as bytes come in. */
#ifndef SUPERVISOR_CTL_NET_SSE_H
#define SUPERVISOR_CTL_NET_SSE_H

#include <stddef.h>

/* What an event holds at most: a snapshot of some ten thousand workshops. */
#define SSE_EVENT_BYTES_MAX (16u << 20)

/* name is "message" where the event has none; both live until it returns. */
typedef void sse_fn(const char *name, const char *data, void *arg);

struct sse;

struct sse *sse_new(sse_fn *on_event, void *arg);
void sse_free(struct sse *sse);

/* Calls on_event for each event that is complete. -1: an event is too long. */
int sse_feed(struct sse *sse, const char *bytes, size_t count);

#endif
