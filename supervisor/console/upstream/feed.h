/* The daemon's events: one stream for all browsers, and what it says about which workshops there
 * are. It is opened again whenever it ends. */
#ifndef SUPERVISOR_CONSOLE_UPSTREAM_FEED_H
#define SUPERVISOR_CONSOLE_UPSTREAM_FEED_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>

#define FEED_QUIET_S 60 /* the daemon sends a comment every 15 s */

struct feed;

/* slug NULL: it concerns everybody. name "reset": read everything again; "down": the daemon cannot
 * be reached; "known": feed_known has changed. data is a JSON object on one line. */
typedef void feed_fn(const char *name, const char *slug, const char *data, void *arg);

/* known: what feed_known said in an earlier run, borrowed, or NULL. */
struct feed *feed_open(struct event_base *base, const char *socket_path, const json_t *known,
                       feed_fn *on_event, void *arg);
void feed_close(struct feed *feed);

/* Whether the stream is open. */
bool feed_is_up(const struct feed *feed);

/* The slug of a workshop, by its slug or its name; NULL: there is none. Valid until the next
 * event. */
const char *feed_slug(const struct feed *feed, const char *workshop);

/* The slugs of all workshops by their slugs and names, as far as it is known; also while the stream
 * is not open. Borrowed. NULL: the daemon has never told them. */
const json_t *feed_known(const struct feed *feed);

#endif
