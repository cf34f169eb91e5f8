/* The daemons of this console, and which of them has a workshop.
 *
 * A slug or a name belongs to one workshop of one daemon. What several daemons claim belongs to
 * none of them here: a call to the wrong one could bill a customer twice. Each daemon's workshops
 * are kept in a file, so that its claims count while it is away, also after a restart. */
#ifndef SUPERVISOR_CONSOLE_UPSTREAM_DAEMONS_H
#define SUPERVISOR_CONSOLE_UPSTREAM_DAEMONS_H

#include "supervisor/console/settings.h"
#include "supervisor/console/upstream/feed.h"

struct daemons;

/* One daemon. */
struct link {
    struct daemons *of;
    const struct control_socket *socket; /* its name and path */
    struct feed *feed;
    unsigned passages; /* calls that are on their way to it */
};

struct daemons {
    char *path;    /* of the file, where there are several daemons */
    json_t *known; /* its content */
    struct link links[SETTINGS_SOCKETS_MAX];
    size_t count;
    void (*on_event)(const char *name, const char *slug, bool disputed, const char *data,
                     void *arg);
    void *arg;
};

/* on_event: as feed_fn. Of several daemons, data has the member `daemon`, and `disputed` says that
 * the slug may mean another daemon's workshop. settings is borrowed, path is copied. */
struct daemons *daemons_open(struct event_base *base, const struct settings *settings,
                             const char *path,
                             void (*on_event)(const char *name, const char *slug, bool disputed,
                                              const char *data, void *arg),
                             void *arg);
void daemons_close(struct daemons *daemons);

enum owner {
    OWNER_NONE, /* no daemon has it */
    OWNER_ONE,
    OWNER_SEVERAL, /* more than one claims it */
    OWNER_UNSURE   /* a daemon has never told what it has */
};

/* Whose workshop this slug or name means. *link, *slug: with OWNER_ONE, and with OWNER_SEVERAL of
 * one of them; valid until the next event. */
enum owner daemons_owner(struct daemons *daemons, const char *workshop, struct link **link,
                         const char **slug);

/* Whether a slug of this daemon may also mean a workshop of another one. */
bool daemons_disputed(const struct link *link, const char *slug);

/* The daemon of this name; NULL: there is none. */
struct link *daemons_named(struct daemons *daemons, const char *name);

/* Those that do not answer now: their names as an array, for the caller to own. */
json_t *daemons_away(const struct daemons *daemons);

#endif
