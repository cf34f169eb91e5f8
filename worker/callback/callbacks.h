/* Posts what the queue owes the workshop's receiver (queue_callback_next): at least once, in order
 * per worksheet, until a 2xx comes or it gives up.
 *
 * A worksheet whose callback fails is tried again later and later, with jitter, while others go on.
 * The more callbacks fail in a row, of whatever worksheets, the longer is the pause before the next
 * one, so a receiver that is down gets one request every few seconds. How often something was tried
 * is known to this process only: a new one begins afresh. Shares neither connections nor its place
 * in a line with the delivery. */
#ifndef WORKER_CALLBACK_CALLBACKS_H
#define WORKER_CALLBACK_CALLBACKS_H

#include <event2/event.h>

#include "worker/io/http.h"
#include "worker/queue/queue.h"

#define CALLBACKS_AT_ONCE 4
#define CALLBACKS_TIMEOUT_MS 15000u
#define CALLBACKS_REPLY_BYTES_MAX (64u << 10)

struct callbacks;

struct callbacks_setup {
    struct event_base *base;
    struct queue *queue;
    struct http *http; /* used for nothing else */
    const char *url;
    const char *secret; /* see config_callback_key */
    int64_t give_up_ms;
    const int *delays_ms; /* of a worksheet after each failure, in a row; the last one repeats.
                             NULL: from 0.2 s to 5 min */
    size_t delay_count;
};

/* By result, since this process started. */
struct callbacks_counts {
    uint64_t accepted, failed, given_up;
};

/* Everything in setup is borrowed for its life, but the secret, which is copied. */
struct callbacks *callbacks_new(const struct callbacks_setup *setup);

/* Those under way are posted again by the next process. NULL is allowed. */
void callbacks_free(struct callbacks *callbacks);

/* The queue may owe more. NULL is allowed. */
void callbacks_wake(struct callbacks *callbacks);

struct callbacks_counts callbacks_counts(const struct callbacks *callbacks);

#endif
