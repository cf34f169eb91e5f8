/* A parser of server-sent events (the HTML standard, 9.2). */
#ifndef COMMON_HTTP_SSE_H
#define COMMON_HTTP_SSE_H

#include <stddef.h>

/* The maximum size of an event: a snapshot of some ten thousand workshops. */
#define SSE_EVENT_BYTES_MAX (16u << 20)

/* name is "message" if the event has none; both are valid during the call. */
typedef void sse_fn(const char *name, const char *data, void *arg);

struct sse;

struct sse *sse_new(sse_fn *on_event, void *arg);
void sse_free(struct sse *sse);

/* Calls on_event for each complete event. -1: an event is too long. */
int sse_feed(struct sse *sse, const char *bytes, size_t count);

#endif
