/* One call that all daemons answer together. */
#ifndef SUPERVISOR_CONSOLE_API_FAN_H
#define SUPERVISOR_CONSOLE_API_FAN_H

#include "supervisor/console/api/internal.h"

#define FAN_PATIENCE_S 10 /* a daemon gives its own workshops 5 s */

struct fan_part {
    struct fan *fan;
    struct link *link;
    int status; /* of its reply; 0: none */
    char content_type[128];
    char *body; /* NUL-terminated; NULL: none */
    size_t length;
};

struct fan {
    struct web *web;
    struct call *call;
    char name[ACCOUNT_NAME_MAX + 1]; /* of the account */
    enum role role;                  /* that the route needs */
    bool limited;                    /* the account has it for some workshops only */
    unsigned patience_s;
    struct fan_part parts[SETTINGS_SOCKETS_MAX]; /* one a daemon */
    size_t count, awaited;
    void (*done)(struct fan *fan); /* all have answered; it replies and calls fan_free */
    void *state;
};

struct fan *fan_new(const struct request *request, struct call *call, unsigned patience_s,
                    void (*done)(struct fan *fan), void *state);
void fan_free(struct fan *fan);

/* Asks one of them, unless it is away; body: NULL: none, borrowed. What it said before is
 * forgotten. */
void fan_ask(struct fan *fan, size_t at, const char *target, const json_t *body);

/* After the last fan_ask: calls done, at once if no daemon could be asked. */
void fan_wait(struct fan *fan);

/* Replies, unless there is something to merge: with what a daemon said against the call itself
 * (400), or 503 if none can be reached. */
bool fan_refused(struct fan *fan);

/* The reply's object, for the caller to own; NULL: it has not given one. */
json_t *fan_json(const struct fan_part *part);

/* Whether the account may see this item of a list, which is about a workshop. Adds `daemon`, `slug`
 * and, if so, `disputed`. */
bool fan_take(const struct fan_part *part, json_t *item);

/* The names of the daemons that have not answered, for the caller to own. */
json_t *fan_missing(const struct fan *fan);

/* Adds the members of a list that the account may see. list may be NULL. */
void fan_collect(const struct fan_part *part, json_t *list, json_t *to);

#endif
