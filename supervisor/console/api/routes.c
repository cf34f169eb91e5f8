/* Who may do what: the one table. The paths are those of the control API, below /api. */
#include "supervisor/console/api/internal.h"

#define SHOP "/api/workshops/{workshop}"
#define ORDER SHOP "/orders/{uniqueid}"

#define ROW(verb, path, scope, least, function)                                                    \
    {                                                                                              \
        .method = (verb), .pattern = (path), .handle = (function),                                 \
        .access = ACCESS(SCOPE_##scope, ROLE_##least), .query = ROUTE_ANY_QUERY                    \
    }

static const struct route routes[] = {
    ROW("POST", "/api/login", OPEN, NONE, sign_in),
    ROW("POST", "/api/logout", SELF, NONE, sign_out),
    ROW("GET", "/api/me", SELF, NONE, account_show),
    ROW("GET", "/api/me/sessions", SELF, NONE, account_sessions),
    ROW("PUT", "/api/me/password", SELF, NONE, account_password),
    ROW("GET", "/api/events", SELF, NONE, events_stream),

    ROW("GET", "/api/health", LIST, READER, lists_health),
    ROW("GET", "/api/orders", LIST, READER, paged_orders),
    ROW("GET", "/api/report", ONE, READER, lists_report),
    ROW("GET", "/api/audit", LIST, ADMIN, paged_audit),
    ROW("GET", "/api/recipes", ALL, ADMIN, lists_recipes),
    ROW("GET", "/api/recipes/{recipe}", ALL, ADMIN, lists_recipe),

    ROW("PUT", "/api/workshops/start", BODY, OPERATOR, many_act),
    ROW("PUT", "/api/workshops/stop", BODY, OPERATOR, many_act),
    ROW("PUT", "/api/workshops/restart", BODY, OPERATOR, many_act),
    ROW("PUT", "/api/workshops/start_worker", BODY, OPERATOR, many_act),
    ROW("PUT", "/api/workshops/stop_worker", BODY, OPERATOR, many_act),

    ROW("GET", SHOP, SHOP, READER, proxy),
    ROW("PUT", SHOP, NEW, ADMIN, proxy),
    ROW("DELETE", SHOP, SHOP, ADMIN, proxy),
    ROW("PUT", SHOP "/activate", SHOP, ADMIN, proxy),
    ROW("PUT", SHOP "/deactivate", SHOP, ADMIN, proxy),
    ROW("PUT", SHOP "/start", SHOP, OPERATOR, proxy),
    ROW("PUT", SHOP "/stop", SHOP, OPERATOR, proxy),
    ROW("PUT", SHOP "/restart", SHOP, OPERATOR, proxy),
    ROW("PUT", SHOP "/start_worker", SHOP, OPERATOR, proxy),
    ROW("PUT", SHOP "/stop_worker", SHOP, OPERATOR, proxy),
    ROW("PUT", SHOP "/kill", SHOP, ADMIN, proxy),
    ROW("PUT", SHOP "/clear_queue", SHOP, ADMIN, proxy),
    ROW("POST", SHOP "/test", NEW, ADMIN, proxy),
    ROW("POST", SHOP "/dry_run", SHOP, ADMIN, proxy),
    ROW("POST", SHOP "/seal", NEW, ADMIN, proxy_seal),
    ROW("GET", SHOP "/logs", SHOP, OPERATOR, proxy),
    ROW("GET", SHOP "/tokens", SHOP, ADMIN, proxy),
    ROW("POST", SHOP "/tokens", SHOP, ADMIN, proxy_token),
    ROW("DELETE", SHOP "/tokens/{name}", SHOP, ADMIN, proxy),
    ROW("GET", SHOP "/queue", SHOP, READER, proxy),
    ROW("GET", SHOP "/orders", SHOP, READER, proxy),
    ROW("POST", SHOP "/orders/retry", SHOP, MANAGER, proxy),
    ROW("GET", ORDER, SHOP, READER, proxy),
    ROW("GET", ORDER "/history", SHOP, READER, proxy),
    ROW("GET", ORDER "/evidence/{name}", SHOP, READER, proxy_evidence),
    ROW("PUT", ORDER "/retry", SHOP, MANAGER, proxy),
    ROW("PUT", ORDER "/resolve", SHOP, MANAGER, proxy),
    ROW("PUT", ORDER "/write_off", SHOP, MANAGER, proxy),
    ROW("GET", SHOP "/worksheets/{worksheet}", SHOP, READER, proxy),
    ROW("GET", SHOP "/worksheets/{worksheet}/orders", SHOP, READER, proxy),
    ROW("GET", SHOP "/reconcile", SHOP, READER, proxy),
    ROW("POST", SHOP "/reconcile", SHOP, MANAGER, proxy)};

void
routes_dispatch(struct web *web, struct call *call)
{
    struct request request = {.web = web};

    route_dispatch(routes, sizeof routes / sizeof *routes, call, access_check, &request);
}
