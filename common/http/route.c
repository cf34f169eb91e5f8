/* Route tables. */
#include "common/http/route.h"

#include <stdio.h>
#include <string.h>

#include "common/base/percent.h"
#include "common/base/text_value.h"

static bool
method_fits(const char *route_method, const char *method)
{
    return strcmp(route_method, method) == 0 ||
           (strcmp(route_method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static bool
segment_fits(const char *pattern, size_t pattern_length, const char *segment, size_t length,
             struct call *call, unsigned *params)
{
    if (pattern[0] != '{')
        return pattern_length == length && memcmp(pattern, segment, length) == 0;
    if (*params >= CALL_PARAMS_MAX || !length ||
        percent_decode(segment, length, call->params[*params], CALL_PARAM_BYTES, false))
        return false;
    text_nfc_in_place(call->params[(*params)++], CALL_PARAM_BYTES);
    return true;
}

static bool
path_fits(const char *pattern, struct call *call)
{
    const char *path = call->path;
    unsigned params = 0;

    while (*pattern == '/' && *path == '/') {
        size_t pattern_length = strcspn(++pattern, "/"), length = strcspn(++path, "/");

        if (strcmp(pattern, "*") == 0) {
            call->tail = path;
            return *path != '\0';
        }
        if (!segment_fits(pattern, pattern_length, path, length, call, &params))
            return false;
        pattern += pattern_length;
        path += length;
    }
    return !*pattern && !*path;
}

static void
allow_add(char *allow, size_t size, const char *method)
{
    size_t used = strlen(allow);

    if (!strstr(allow, method))
        snprintf(allow + used, size - used, "%s%s%s", used ? ", " : "", method,
                 strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

bool
route_allows_body(const struct route *route, struct call *call)
{
    return route->body || strcmp(route->method, "GET") == 0 || call_bare(call);
}

static bool
query_fits(const struct route *route, struct call *call)
{
    const char *known = route->query ?: "";

    return strcmp(known, ROUTE_ANY_QUERY) == 0 || call_query_only(call, known);
}

void
route_dispatch(const struct route *routes, size_t count, struct call *call, route_access *check,
               void *context)
{
    char allow[64] = "";

    for (size_t i = 0; i < count; i++) {
        if (!path_fits(routes[i].pattern, call))
            continue;
        if (method_fits(routes[i].method, call->method)) {
            if ((!check || check(call, &routes[i], context)) && query_fits(&routes[i], call))
                routes[i].handle(call, context);
            return;
        }
        allow_add(allow, sizeof allow, routes[i].method);
    }
    if (!*allow) {
        call_problem(call, 404, "not_found", NULL, "no such path");
        return;
    }
    call_header(call, "Allow", allow);
    call_problem(call, 405, "method_not_allowed", NULL, "this path allows %s only", allow);
}
