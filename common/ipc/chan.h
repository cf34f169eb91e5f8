/* The channel between supervisor and child: one JSON object a line, both ways, over a socketpair.
 *
 * Messages (member "type" names them):
 *   supervisor → child: config (first of all), ping, call {id, method, target, body},
 * browsers_killed {ended: how many}, resolved {id, addresses, error}, stop child → supervisor:
 * ready {rekeyed}, status {…/alive}, pong (also unasked, as a sign of life), reply {id, status,
 * content_type, header, body}, kill_browsers, resolve {id, name}, killed, bye {waiting: orders
 * placed or processing, rekeyed, open: true where something is left open in the ERP} as the last
 * one, once the queue is closed
 *
 * A child asks by kill_browsers that its browsers on this machine be ended
 * (common/ipc/browser_kill.h), which it has no right to; which ones they are the supervisor knows
 * by itself. It asks again only once browsers_killed has come.
 *
 * A config with "maintenance": true asks for no service: the child opens its queue, closes what an
 * earlier one left open in the ERP, says bye and ends. One with "old_key" says that a rekey is
 * under way: the queue is sealed with "key", and `rekeyed` tells that nothing in it needs the old
 * one any more. A line is at most CHAN_LINE_MAX bytes; a peer that breaks the framing is taken for
 * dead. */
#ifndef COMMON_IPC_CHAN_H
#define COMMON_IPC_CHAN_H

#include <event2/event.h>
#include <jansson.h>

#define CHAN_FD 3        /* the child's end */
#define CHAN_LISTEN_FD 4 /* the child's listening socket */
#define CHAN_DRIVER_FD                                                                             \
    5 /* where its own WebDriver server connects: common/ipc/webdriver_link.h                      \
       */
#define CHAN_LINE_MAX (4u << 20)
#define CHAN_BACKLOG_MAX (16u << 20) /* unread output beyond which the peer counts as gone */

struct chan;

/* What a peer that may be an attacker may say. A line that is longer, or of more values, counts as
 * broken framing before it is parsed: a parsed value takes a hundred times the room of its text. */
struct chan_limits {
    /* How long a line may be that starts so; asked again as more of it comes. */
    size_t (*line_bytes)(const char *start, size_t length);
    unsigned values; /* strings, numbers, arrays, objects … of one message, names included */
    unsigned per_s;  /* messages and 4 KiB of them, beyond which it is not read for a while */
};

struct chan_events {
    void (*message)(json_t *message, void *arg); /* borrowed */
    void (*closed)(void *arg); /* EOF, error or broken framing; called once, never from chan_send;
                                  free it then or later */
};

/* Takes over fd (made non-blocking, close-on-exec). */
struct chan *chan_new(struct event_base *base, int fd, const struct chan_events *events, void *arg);

/* From now on what is read is held to these limits (copied). */
void chan_limit(struct chan *chan, const struct chan_limits *limits);

/* Queues one message (borrowed). Never blocks; what can't be sent any more is dropped, and `closed`
 * says so. */
void chan_send(struct chan *chan, const json_t *message);

/* For last words, when no loop will run again: writes what is queued, and waits up to within_ms for
 * a peer that is slow to read. */
void chan_flush(struct chan *chan, int within_ms);

/* Bytes that the peer has not read yet. */
size_t chan_backlog(const struct chan *chan);

/* Closes it; safe inside the callbacks. NULL is allowed. */
void chan_free(struct chan *chan);

#endif
