/* Which workshops and daemons a request concerns, and whether its account may do that there. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/text_value.h"
#include "common/json/text.h"
#include "supervisor/console/api/internal.h"

static bool
forbid(struct call *call, const struct request *request)
{
    call_problem(call, 403, "forbidden", NULL, "this requires the role %s",
                 role_name(request->role));
    return false;
}

static bool
unknown_workshop(struct call *call)
{
    call_problem(call, 404, "unknown_workshop", NULL, "no such workshop");
    return false;
}

static bool
is_disputed(struct call *call, const char *workshop)
{
    call_problem(call, 409, "disputed_workshop", NULL,
                 "more than one daemon has a workshop with this name or slug, so nothing is sent "
                 "to any of them: %s",
                 workshop);
    return false;
}

/* The names of an array, with commas; the caller frees it. Takes over names. */
static char *
listed(json_t *names)
{
    char *text = mem_string(""), *longer;
    json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        longer = mem_format("%s%s%s", text, i ? ", " : "", json_string_value(name));
        free(text);
        text = longer;
    }
    json_decref(names);
    return text;
}

static bool
is_unsure(struct call *call, const struct request *request)
{
    char *names = listed(daemons_away(request->web->daemons));

    call_header(call, "Retry-After", "5");
    call_problem(call, 503, "daemon_unknown", NULL,
                 "cannot tell whether another daemon has this workshop: cannot reach %s", names);
    free(names);
    return false;
}

/* An account without access to a workshop does not learn that it exists. */
static bool
check_shop(struct call *call, struct request *request, const char *workshop)
{
    struct link *link = NULL;
    const char *slug = NULL;
    enum owner owner = daemons_owner(request->web->daemons, workshop, &link, &slug);

    if (owner == OWNER_UNSURE)
        return is_unsure(call, request);
    if (!slug || !account_role(request->account, slug))
        return unknown_workshop(call);
    if (owner == OWNER_SEVERAL)
        return is_disputed(call, workshop);
    request->slug = slug;
    request->link = link;
    return account_role(request->account, slug) >= request->role || forbid(call, request);
}

bool
scope_daemon(struct call *call, struct request *request)
{
    struct daemons *daemons = request->web->daemons;
    char name[64] = "", *rest;
    struct link *named;
    int found;

    if (daemons->count == 1)
        return true;
    found = call_query(call, "daemon", name, sizeof name);
    named = found > 0 ? daemons_named(daemons, name) : request->link;
    if (!named || (request->link && named != request->link)) {
        call_problem(call, 400, found ? "other_daemon" : "daemon_required", NULL,
                     !found  ? "name the daemon: ?daemon="
                     : named ? "another daemon has this workshop"
                             : "there is no such daemon");
        return false;
    }
    request->link = named;
    rest = call_query_without(call, "daemon");
    free(call->query);
    call->query = *rest ? mem_string(rest + 1) : NULL;
    free(rest);
    return true;
}

/* A daemon compares names with those of its own workshops only. False: replied to. */
static bool
name_is_free(struct call *call, const struct request *request)
{
    struct err err;
    json_t *body = json_text_read(call->body, call->body_length, 0, &err);
    char *name = text_nfc(json_string_value(json_object_get(body, "workshop")) ?: "");
    bool taken = *name && daemons_disputed(request->link, name);

    if (taken)
        is_disputed(call, name);
    free(name);
    json_decref(body);
    return !taken;
}

/* A daemon that is away may have got a workshop of this name meanwhile. */
static bool
check_unborn(struct call *call, struct request *request)
{
    if (account_role(request->account, NULL) < request->role)
        return forbid(call, request);
    for (size_t i = 0; request->web->daemons->count > 1 && i < request->web->daemons->count; i++)
        if (!feed_is_up(request->web->daemons->links[i].feed))
            return is_unsure(call, request);
    return true;
}

static bool
check_new(struct call *call, struct request *request)
{
    struct link *link = NULL;
    const char *slug = NULL;

    if (daemons_owner(request->web->daemons, call->params[0], &link, &slug) == OWNER_NONE
            ? !check_unborn(call, request)
            : !check_shop(call, request, call->params[0]))
        return false;
    return scope_daemon(call, request) &&
           (request->web->daemons->count == 1 || name_is_free(call, request));
}

/* The first of several would count here, and perhaps another one there. */
static bool
is_repeated(const struct call *call)
{
    const char *first = call->query ? strstr(call->query, "workshop=") : NULL;

    return first && strstr(first + 1, "workshop=");
}

static bool
check_list(struct call *call, struct request *request)
{
    char workshop[CALL_PARAM_BYTES];
    int found = is_repeated(call) ? -1 : call_query(call, "workshop", workshop, sizeof workshop);

    if (found < 0) {
        call_problem(call, 400, "invalid_parameter", NULL, "workshop is given twice or is invalid");
        return false;
    }
    if (found)
        return check_shop(call, request, workshop);
    return account_highest(request->account) >= request->role || forbid(call, request);
}

static bool
check_one(struct call *call, struct request *request)
{
    bool everywhere = account_role(request->account, NULL) >= request->role;

    if (!check_list(call, request))
        return false;
    if (request->slug || everywhere)
        return true;
    call_problem(call, 400, "workshop_required", NULL,
                 "this account has no role for all workshops: name one");
    return false;
}

static bool
check_names(struct call *call, const struct request *request, const json_t *names)
{
    bool may = json_array_size(names) > 0;
    const json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        struct link *link = NULL;
        const char *slug = NULL, *text = json_string_value(name) ?: "";
        enum owner owner = daemons_owner(request->web->daemons, text, &link, &slug);

        may = may && slug && account_role(request->account, slug) >= request->role;
        if (owner == OWNER_UNSURE)
            return is_unsure(call, request);
        if (may && owner == OWNER_SEVERAL)
            return is_disputed(call, text);
    }
    return may || forbid(call, request);
}

/* What means all must mean each of them once. */
static bool
check_undisputed(struct call *call, const struct request *request)
{
    const struct daemons *daemons = request->web->daemons;
    const char *name;
    json_t *slug;

    for (size_t i = 0; daemons->count > 1 && i < daemons->count; i++) {
        const struct link *link = &daemons->links[i];

        if (!feed_known(link->feed))
            return is_unsure(call, request);
        json_object_foreach((json_t *)feed_known(link->feed), name, slug)
        {
            if (daemons_disputed(link, json_string_value(slug)))
                return is_disputed(call, json_string_value(slug));
        }
    }
    return true;
}

static bool
check_body(struct call *call, struct request *request)
{
    struct err err;
    json_t *body = json_text_read(call->body, call->body_length, 0, &err);
    const json_t *list = json_object_get(body, "workshops");
    bool may = json_is_array(list) ? check_names(call, request, list)
               : account_role(request->account, NULL) >= request->role
                   ? check_undisputed(call, request)
                   : forbid(call, request);

    json_decref(body);
    return may;
}

static bool
check_all(struct call *call, struct request *request)
{
    return account_role(request->account, NULL) >= request->role || forbid(call, request);
}

static bool
check_self(struct call *call, struct request *request)
{
    (void)call;
    (void)request;
    return true;
}

static bool
check_first(struct call *call, struct request *request)
{
    return check_shop(call, request, call->params[0]);
}

bool
scope_check(enum scope scope, struct call *call, struct request *request)
{
    static bool (*const checks[])(struct call * call, struct request * request) = {
        [SCOPE_OPEN] = check_self, [SCOPE_SELF] = check_self, [SCOPE_SHOP] = check_first,
        [SCOPE_NEW] = check_new,   [SCOPE_LIST] = check_list, [SCOPE_ONE] = check_one,
        [SCOPE_BODY] = check_body, [SCOPE_ALL] = check_all};

    if (request->web->daemons->count == 1)
        request->link = &request->web->daemons->links[0];
    return checks[scope](call, request);
}
