/* Who asks, and whether the route table lets him. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/console/api/internal.h"

#define COOKIE "__Host-pumpline="

const char *
account_name(const json_t *account)
{
    return json_string_value(json_object_get(account, "name"));
}

void
access_address(const struct web *web, const struct call *call, char *text, size_t size)
{
    const char *list = call->fields[CALL_FORWARDED_FOR], *last;

    if (!web->settings->behind_proxy || !list) {
        if (call->address)
            text_copy(text, size, call->address);
        else
            snprintf(text, size, "user %u", call->uid);
        return;
    }
    /* What precedes the last one was not written by our proxy. */
    last = strrchr(list, ',');
    last = last ? last + 1 : list;
    text_copy(text, size, last + strspn(last, " "));
}

/* --- who --- */

/* The value of our cookie; NULL: there is none. */
static const char *
cookie(const struct call *call, char *value, size_t size)
{
    const char *at = call->fields[CALL_COOKIE];

    while (at && *at) {
        size_t length = strcspn(at, ";");

        if (strncmp(at, COOKIE, sizeof COOKIE - 1) == 0 && length - (sizeof COOKIE - 1) < size) {
            snprintf(value, size, "%.*s", (int)(length - (sizeof COOKIE - 1)),
                     at + sizeof COOKIE - 1);
            return value;
        }
        at += length;
        at += strspn(at, "; ");
    }
    return NULL;
}

static void
find_account(struct call *call, struct request *request)
{
    struct web *web = request->web;
    const json_t *accounts = people_accounts(web->people);
    const char *user = call->fields[CALL_REMOTE_USER];
    const struct session *session = NULL;
    char value[64];

    if (cookie(call, value, sizeof value))
        session = sessions_find(web->sessions, value, accounts);
    if (session) {
        text_copy(request->session, sizeof request->session, session->hash);
        request->account = accounts_find(accounts, session->name);
    } else if (user && web->settings->single_sign_on != (uid_t)-1 && !call->address &&
               call->uid == web->settings->single_sign_on) {
        request->account = accounts_find(accounts, user);
    }
}

/* --- from where --- */

/* A page of another site can neither leave the field out nor forge it. */
static bool
origin_fits(const struct web *web, const struct call *call)
{
    const char *origin = call->origin, *host = origin ? strstr(origin, "://") : NULL;
    const json_t *listed;
    size_t i;

    if (!host)
        return false;
    if (!json_array_size(web->settings->origins))
        return call->host && strcmp(host + 3, call->host) == 0;
    json_array_foreach(web->settings->origins, i, listed)
    {
        if (strcmp(json_string_value(listed), origin) == 0)
            return true;
    }
    return false;
}

static bool
changes(const struct call *call)
{
    return strcmp(call->method, "GET") && strcmp(call->method, "HEAD");
}

/* --- what --- */

/* Names that any program could take for a part of a path. */
static bool
has_dots(const struct call *call)
{
    for (size_t i = 0; i < CALL_PARAMS_MAX; i++)
        if (strcmp(call->params[i], ".") == 0 || strcmp(call->params[i], "..") == 0)
            return true;
    return false;
}

bool
access_check(struct call *call, const struct route *route, void *context)
{
    struct request *request = context;
    unsigned scope = route->access >> 8;

    request->pattern = route->pattern;
    request->role = (enum role)(route->access & 0xff);
    find_account(call, request);
    if (changes(call) && !origin_fits(request->web, call)) {
        call_problem(call, 403, "foreign_origin", NULL, "the request comes from another site");
        return false;
    }
    if (has_dots(call)) {
        call_problem(call, 404, "not_found", NULL, "no such path");
        return false;
    }
    if (scope != SCOPE_OPEN && !request->account) {
        call_problem(call, 401, "signed_out", NULL, "sign in first");
        return false;
    }
    return scope_check((enum scope)scope, call, request);
}
