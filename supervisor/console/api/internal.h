/* Shared by the files of this folder. */
#ifndef SUPERVISOR_CONSOLE_API_INTERNAL_H
#define SUPERVISOR_CONSOLE_API_INTERNAL_H

#include "common/http/route.h"
#include "supervisor/console/api/assets.h"
#include "supervisor/console/api/web.h"
#include "supervisor/console/people/backoff.h"
#include "supervisor/console/people/hasher.h"
#include "supervisor/console/people/people.h"
#include "supervisor/console/people/sessions.h"
#include "supervisor/console/upstream/daemons.h"

/* A daemon has 64 connections for a user; events need one, and pumplinectl may be used too. */
#define PASSAGES_MAX 48

struct readers;

struct web {
    struct event_base *base;
    const struct settings *settings;
    struct people *people;
    struct sessions *sessions;
    struct backoff *backoff;
    struct hasher *hasher;
    struct daemons *daemons;
    struct readers *readers;
    struct assets *assets;
};

/* One request, for the handlers of the route table. */
struct request {
    struct web *web;
    const char *pattern;   /* of its route */
    enum role role;        /* that the route needs */
    const json_t *account; /* who asks, borrowed; NULL: not signed in */
    char session[65];      /* the hash of the session; empty: single sign-on */
    const char *slug;      /* the workshop it concerns; NULL: none, or it is new */
    struct link *link;     /* the daemon it concerns; NULL: each of several */
};

/* --- routes.c --- */

void routes_dispatch(struct web *web, struct call *call);

/* --- access.c --- */

/* What a route concerns, beside the role that it needs. */
enum scope {
    SCOPE_OPEN, /* no sign-in required */
    SCOPE_SELF, /* the account itself */
    SCOPE_SHOP, /* the workshop of the first parameter */
    SCOPE_NEW,  /* the same, or one that is not there yet: then all workshops */
    SCOPE_ALL,  /* no workshop: the role is needed for all */
    SCOPE_LIST, /* all workshops of the account: the reply is filtered */
    SCOPE_ONE,  /* the workshop of the parameter `workshop`, or all */
    SCOPE_BODY  /* the workshops that the body names */
};

#define ACCESS(scope, role) ((unsigned)(scope) << 8 | (unsigned)(role))

/* The route_access of the table; context is a struct request. */
bool access_check(struct call *call, const struct route *route, void *context);

/* Where the request comes from, for the backoff. */
void access_address(const struct web *web, const struct call *call, char *text, size_t size);

const char *account_name(const json_t *account);

/* --- scope.c --- */

/* Whether the account has the role where it is needed; false: replied to. Sets slug and link. */
bool scope_check(enum scope scope, struct call *call, struct request *request);

/* Takes the parameter `daemon` out of the query. Where there are several daemons and request->link
 * is not set, it must name one, which becomes request->link; otherwise it must fit, if it is there.
 * False: replied to. */
bool scope_daemon(struct call *call, struct request *request);

/* --- the handlers --- */

void sign_in(struct call *call, void *context);
void sign_out(struct call *call, void *context);
void account_show(struct call *call, void *context);
void account_sessions(struct call *call, void *context);
void account_password(struct call *call, void *context);
void proxy(struct call *call, void *context);
void proxy_evidence(struct call *call, void *context);
void proxy_token(struct call *call, void *context);
void proxy_seal(struct call *call, void *context);
void lists_health(struct call *call, void *context);
void lists_report(struct call *call, void *context);
void lists_recipes(struct call *call, void *context);
void lists_recipe(struct call *call, void *context);
void paged_orders(struct call *call, void *context);
void paged_audit(struct call *call, void *context);
void many_act(struct call *call, void *context);
void events_stream(struct call *call, void *context);

/* Replies with who is signed in, and a new session's cookie. */
void sign_in_reply(struct web *web, struct call *call, const json_t *account);

/* --- events.c --- */

struct readers *readers_new(struct web *web);
void readers_free(struct readers *readers);
void readers_tell(const char *name, const char *slug, bool disputed, const char *data, void *arg);

/* --- filter.c --- */

/* The reply's body without the workshops for which the account has not this role; the caller frees
 * it. NULL: not a JSON object. */
char *filter_reply(const struct request *request, const char *name, enum role role,
                   const char *body, size_t length);

#endif
