/* The channel between supervisor and child: one JSON object per line, both ways, over a socketpair.
 *
 * Messages (member "type" names them):
 *
 *   supervisor → child:
 *     config (always the first), ping, call {id, method, target, body, by: {who, via}, see
 *     common/json/author.h},
 *     browsers_killed {ended: how many}, resolved {id, addresses, error},
 *     tokens {api_tokens: in the place of those of the config}, watch {on: whether `orders` is
 *     wanted}, stop
 *   child → supervisor:
 *     ready {rekeyed}, status {…/alive, counters: common/order/counters.h, asleep}, orders {events:
 *     texts "STATUS REASON UNIQUEID", REASON "-": none; lost: some are left out}, pong {asleep: it
 *     has nothing to do} (also unasked, as a sign of life), reply {id, status, content_type,
 *     header, body or base64: reply_body.h}, token_used {hash, at}, tokens_set and watching
 * (confirm tokens and watch), kill_browsers, resolve {id, name}, killed, bye {waiting: orders
 * placed or processing, rekeyed, open: true if something is left open in the ERP, renews: true if
 * it ends only to start again with replaced files}, the last message, sent once the queue is closed
 *
 * With kill_browsers a child asks for its browsers on this machine to be killed
 * (common/ipc/browser_kill.h), which it has no right to do itself; the supervisor knows which ones
 * they are. The child asks again only after browsers_killed.
 *
 * A config with "test": true asks for a test of the connection to the ERP, or, with "order": {…} as
 * well, for a dry run of that order: the child replies to the call of id 0 and exits. It has no
 * queue.
 *
 * A config with "maintenance": true asks for no service: the child opens its queue, closes what an
 * earlier process left open in the ERP, says bye and exits; with "reads": true as well, it instead
 * answers calls from its queue until it is told to stop. One with "old_key" says that a rekey is
 * under way: the queue is sealed with "key", and `rekeyed` says that nothing in it needs the old
 * key any more. A line is at most CHAN_LINE_MAX bytes; a peer that breaks the framing is treated as
 * dead. */
#ifndef COMMON_IPC_CHAN_H
#define COMMON_IPC_CHAN_H

#include <event2/event.h>
#include <jansson.h>

#define CHAN_FD 3        /* the child's end */
#define CHAN_LISTEN_FD 4 /* the child's listening socket */
#define CHAN_DRIVER_FD 5 /* own WebDriver server: common/ipc/webdriver_link.h */
#define CHAN_LINE_MAX (4u << 20)
#define CHAN_BACKLOG_MAX (16u << 20) /* with more unread output the peer counts as gone */

struct chan;

/* Limits for a peer that may be compromised. A line that is longer or has more values counts as
 * broken framing before it is parsed: a parsed value takes up to a hundred times the size of its
 * text. */
struct chan_limits {
    /* The limit of a line with this beginning; called again as more of it arrives. */
    size_t (*line_bytes)(const char *start, size_t length);
    unsigned values; /* strings, numbers, arrays, objects … of one message, names included */
    unsigned per_s;  /* messages and 4 KiB blocks per second; beyond, reading pauses */
};

struct chan_events {
    void (*message)(json_t *message, void *arg); /* borrowed */
    void (*closed)(void *arg); /* EOF, error or broken framing; called once, never from chan_send;
                                  free the channel then or later */
};

/* Takes over fd (made non-blocking, close-on-exec). */
struct chan *chan_new(struct event_base *base, int fd, const struct chan_events *events, void *arg);

/* From now on input is subject to these limits (copied). */
void chan_limit(struct chan *chan, const struct chan_limits *limits);

/* Sends one message (borrowed) before it returns, if the socket has room for it and for what is
 * queued; otherwise queues it. Never blocks; if it cannot be sent any more it is dropped, and
 * `closed` reports that. */
void chan_send(struct chan *chan, const json_t *message);

/* For the last messages, when the loop no longer runs: writes what is queued, and waits up to
 * within_ms for a slow peer. */
void chan_flush(struct chan *chan, int within_ms);

/* Bytes that the peer has not read yet. */
size_t chan_backlog(const struct chan *chan);

/* Closes it; safe inside the callbacks. NULL is allowed. */
void chan_free(struct chan *chan);

#endif
