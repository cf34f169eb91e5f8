/* Route tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/route.h"

/* The result of the last dispatch. */
static struct {
    char handler[16], params[CALL_PARAMS_MAX][CALL_PARAM_BYTES], tail[64];
    int status;
    char allow[104], body[512];
    unsigned checked;
} seen;

static void
carrier_send(struct call *call, int status, const char *content_type, const char *body,
             size_t length)
{
    (void)content_type;
    seen.status = status;
    if (strcmp(call->header_name, "Allow") == 0)
        strcpy(seen.allow, call->header_value);
    snprintf(seen.body, sizeof seen.body, "%.*s", (int)length, body);
}

static void
handle(struct call *call, const char *name)
{
    strcpy(seen.handler, name);
    memcpy(seen.params, call->params, sizeof seen.params);
    snprintf(seen.tail, sizeof seen.tail, "%s", call->tail ? call->tail : "");
    call_reply_text(call, 200, "text/plain", "", 0);
}

#define HANDLER(name)                                                                              \
    static void on_##name(struct call *call, void *context)                                        \
    {                                                                                              \
        assert_string_equal(context, "context");                                                   \
        handle(call, #name);                                                                       \
    }

HANDLER(alive)
HANDLER(root)
HANDLER(create)
HANDLER(errors)
HANDLER(order)
HANDLER(remove)
HANDLER(history)
HANDLER(three)
HANDLER(rest)

static const struct route routes[] = {
    {"GET", "/", on_root, 1, NULL, false},
    {"GET", "/alive", on_alive, 1, NULL, false},
    {"POST", "/create", on_create, 2, NULL, false},
    {"GET", "/orders/errors", on_errors, 1, NULL, false},
    {"GET", "/orders/{id}", on_order, 1, NULL, false},
    {"DELETE", "/orders/{id}", on_remove, 4, NULL, false},
    {"GET", "/orders/{id}/history", on_history, 1, NULL, false},
    {"PUT", "/{a}/{b}/{c}", on_three, 1, NULL, false},
    {"PUT", "/shops/{name}/*", on_rest, 1, NULL, false},
    {"GET", "/shops/{name}/*", on_rest, 1, ROUTE_ANY_QUERY, false},
    {"GET", "/search", on_errors, 1, "from to", false}};

static void
dispatch_checked(const char *method, const char *target, route_access *check)
{
    struct call *call = call_new(method, target, NULL, 0, NULL, NULL);

    memset(&seen, 0, sizeof seen);
    call->send = carrier_send;
    route_dispatch(routes, sizeof routes / sizeof *routes, call, check, "context");
}

static void
expect(const char *method, const char *target, const char *handler)
{
    dispatch_checked(method, target, NULL);
    if (strcmp(seen.handler, handler))
        fail_msg("%s %s: \"%s\", %d", method, target, seen.handler, seen.status);
}

static void
test_found(void **state)
{
    (void)state;
    expect("GET", "/", "root");
    expect("GET", "/alive", "alive");
    expect("GET", "/shops/a/b?x=/y", "rest");
    expect("POST", "/create", "create");
    expect("HEAD", "/alive", "alive");
    expect("GET", "/orders/errors", "errors"); /* listed before a pattern that also matches */
    expect("DELETE", "/orders/errors", "remove");
    expect("GET", "/orders/error", "order");
}

static void
expect_unknown(const char *target, bool unknown)
{
    dispatch_checked("GET", target, NULL);
    assert_int_equal(*seen.handler == '\0', unknown);
    assert_int_equal(seen.status, unknown ? 400 : 200);
}

static void
test_query(void **state)
{
    (void)state;
    expect_unknown("/search", false);
    expect_unknown("/search?", false);
    expect_unknown("/search?to=1&fr%6Fm=2&", false);
    expect_unknown("/search?to=1&too=2", true);
    expect_unknown("/search?t=1", true);
    expect_unknown("/search?=1", true);
    expect_unknown("/search?to%00=1", true);
    expect_unknown("/alive?x", true);
    expect_unknown("/alive", false);
    expect_unknown("/shops/a/b?x=1", false); /* any */
}

static void
test_params(void **state)
{
    (void)state;
    expect("GET", "/orders/a%2Fb%20%C3%A4+c/history", "history");
    assert_string_equal(seen.params[0], "a/b ä+c");
    expect("PUT", "/1/2/3", "three");
    assert_string_equal(seen.params[0], "1");
    assert_string_equal(seen.params[1], "2");
    assert_string_equal(seen.params[2], "3");
}

static void
test_tail(void **state)
{
    (void)state;
    expect("GET", "/shops/Bennys%20Auto/orders/a%2Fb/history?x=1", "rest");
    assert_string_equal(seen.params[0], "Bennys Auto");
    assert_string_equal(seen.tail, "orders/a%2Fb/history");
    expect("GET", "/shops/x/y", "rest");
    assert_string_equal(seen.tail, "y");
}

static void
test_not_found(void **state)
{
    static const char *const targets[] = {
        "/none",      "/alive/",  "/alive/x",         "/Alive",          "/aliv",
        "/orders",    "/orders/", "/orders//history", "/orders/%zz",     "/orders/%00",
        "/orders/a%", "/shops/x", "/shops/x/",        "/orders/a/b/c/d", "//alive"};
    char longest[600];

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        expect("GET", targets[i], "");
        if (seen.status != 404)
            fail_msg("%s: %d", targets[i], seen.status);
        assert_non_null(strstr(seen.body, "\"code\":\"not_found\""));
    }
    snprintf(longest, sizeof longest, "/orders/%0*d", CALL_PARAM_BYTES - 1, 7);
    expect("GET", longest, "order");
    snprintf(longest, sizeof longest, "/orders/%0*d", CALL_PARAM_BYTES, 7);
    expect("GET", longest, "");
    assert_int_equal(seen.status, 404);
}

static void
expect_allow(const char *method, const char *target, const char *allow)
{
    expect(method, target, "");
    assert_int_equal(seen.status, 405);
    assert_string_equal(seen.allow, allow);
    assert_non_null(strstr(seen.body, "\"code\":\"method_not_allowed\""));
}

static void
test_method_not_allowed(void **state)
{
    (void)state;
    expect_allow("PUT", "/alive", "GET, HEAD");
    expect_allow("OPTIONS", "/alive", "GET, HEAD");
    expect_allow("GET", "/create", "POST");
    expect_allow("HEAD", "/create", "POST");
    expect_allow("POST", "/orders/x", "GET, HEAD, DELETE");
    expect_allow("POST", "/orders/errors",
                 "GET, HEAD, DELETE"); /* two rows, but GET is listed once */
    expect_allow("DELETE", "/shops/x/y", "PUT, GET, HEAD");
}

static bool
check_refuse(struct call *call, const struct route *route, void *context)
{
    assert_string_equal(context, "context");
    seen.checked = route->access;
    call_problem(call, 403, "forbidden", NULL, "no");
    return false;
}

static bool
check_allow(struct call *call, const struct route *route, void *context)
{
    (void)call;
    (void)context;
    seen.checked = route->access;
    return true;
}

static void
test_access(void **state)
{
    (void)state;
    dispatch_checked("DELETE", "/orders/x", check_refuse);
    assert_int_equal(seen.checked, 4);
    assert_int_equal(seen.status, 403);
    assert_string_equal(seen.handler, "");
    dispatch_checked("POST", "/create", check_allow);
    assert_int_equal(seen.checked, 2);
    assert_string_equal(seen.handler, "create");
    dispatch_checked("PUT", "/alive", check_refuse);
    assert_int_equal(seen.checked, 0);
    assert_int_equal(seen.status, 405);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),     cmocka_unit_test(test_params),
        cmocka_unit_test(test_query),     cmocka_unit_test(test_tail),
        cmocka_unit_test(test_not_found), cmocka_unit_test(test_method_not_allowed),
        cmocka_unit_test(test_access)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
