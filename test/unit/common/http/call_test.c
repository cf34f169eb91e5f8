/* Calls and their replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/http/call.h"

/* What the carrier received last. */
static struct {
    int count, status;
    char type[64], body[4096], header[160];
} sent;

static void
carrier_send(struct call *call, int status, const char *content_type, const char *body,
             size_t length)
{
    sent.count++;
    sent.status = status;
    snprintf(sent.type, sizeof sent.type, "%s", content_type ? content_type : "");
    snprintf(sent.body, sizeof sent.body, "%.*s", (int)length, body ? body : "");
    snprintf(sent.header, sizeof sent.header, "%s: %s", call->header_name, call->header_value);
}

static struct call *
call_make(const char *method, const char *target)
{
    struct call *call = call_new(method, target, NULL, 0, NULL, NULL);

    call->send = carrier_send;
    memset(&sent, 0, sizeof sent);
    return call;
}

static void
drop(struct call *call)
{
    call_reply_text(call, 200, "text/plain", "", 0);
}

static void
test_new(void **state)
{
    struct call *call = call_new("POST", "/a/b?c=d?e", "x\0y", 3, "application/json", "Bearer t");

    (void)state;
    call->send = carrier_send;
    assert_string_equal(call->method, "POST");
    assert_string_equal(call->path, "/a/b");
    assert_string_equal(call->query, "c=d?e");
    assert_int_equal(call->body_length, 3);
    assert_memory_equal(call->body, "x\0y", 4);
    assert_string_equal(call->content_type, "application/json");
    assert_string_equal(call->authorization, "Bearer t");
    drop(call);
    call = call_make("GET", "/");
    assert_string_equal(call->path, "/");
    assert_null(call->query);
    assert_string_equal(call->body, "");
    assert_null(call->content_type);
    assert_null(call->authorization);
    drop(call);
    call = call_make("GET", "/x?");
    assert_string_equal(call->query, "");
    drop(call);
}

static void
test_reply(void **state)
{
    struct call *call = call_make("GET", "/");

    (void)state;
    call_header(call, "Retry-After", "5");
    call_reply(call, 503, json_pack("{s:s}", "a", "ä"));
    assert_int_equal(sent.count, 1);
    assert_int_equal(sent.status, 503);
    assert_string_equal(sent.type, "application/json");
    assert_string_equal(sent.body, "{\"a\":\"ä\"}");
    assert_string_equal(sent.header, "Retry-After: 5");
    call_reply_text(call_make("GET", "/"), 200, "text/x", "abc", 2);
    assert_string_equal(sent.body, "ab");
    assert_string_equal(sent.type, "text/x");
}

static void
test_problem(void **state)
{
    (void)state;
    call_problem(call_make("GET", "/"), 400, "missing_fields", json_pack("[s]", "a"), "%s %d", "b",
                 7);
    assert_int_equal(sent.count, 1);
    assert_int_equal(sent.status, 400);
    assert_string_equal(sent.type, "application/problem+json");
    assert_string_equal(sent.body,
                        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                        "\"code\":\"missing_fields\",\"detail\":\"b 7\",\"fields\":[\"a\"]}");
    call_problem(call_make("GET", "/"), 999, "odd", NULL, "x");
    assert_non_null(strstr(sent.body, "\"title\":\"Unknown\""));
    assert_null(strstr(sent.body, "fields"));
}

/* A detail that is too long or invalid UTF-8 still makes a useful problem document. */
static void
test_problem_text(void **state)
{
    (void)state;
    for (int skew = 0; skew < 3; skew++) {
        char text[4000] = "xx";
        json_t *problem;
        const char *detail;

        text[skew] = '\0';
        for (int i = 0; i < 1000; i++)
            strcat(text, "€");
        call_problem(call_make("GET", "/"), 400, "odd", NULL, "%s", text);
        problem = json_loads(sent.body, 0, NULL);
        detail = json_string_value(json_object_get(problem, "detail"));
        assert_non_null(detail);
        assert_in_range(strlen(detail), 1020, 1023);
        assert_null(strchr(detail, '?')); /* cut between characters */
        json_decref(problem);
    }
    call_problem(call_make("GET", "/"), 400, "odd", NULL, "a\xff\nb");
    assert_non_null(strstr(sent.body, "\"detail\":\"a? b\""));
}

static void
expect_query(const char *target, const char *name, int found, const char *value)
{
    struct call *call = call_make("GET", target);
    char text[16];
    int result = call_query(call, name, text, sizeof text);

    if (result != found)
        fail_msg("%s of %s: %d", name, target, result);
    if (found == 1)
        assert_string_equal(text, value);
    drop(call);
}

static void
test_query(void **state)
{
    (void)state;
    expect_query("/", "a", 0, NULL);
    expect_query("/?", "a", 0, NULL);
    expect_query("/?a=1", "a", 1, "1");
    expect_query("/?b=2&a=1", "a", 1, "1");
    expect_query("/?b=2&a=1&a=3", "a", 1, "1");
    expect_query("/?aa=2", "a", 0, NULL);
    expect_query("/?a", "a", 1, "");
    expect_query("/?a=", "a", 1, "");
    expect_query("/?a&b=1", "b", 1, "1");
    expect_query("/?&&a=1", "a", 1, "1");
    expect_query("/?a=b=c", "a", 1, "b=c");
    expect_query("/?a=b+c%20d%2B", "a", 1, "b c d+");
    expect_query("/?%61=1", "a", 1, "1");
    expect_query("/?a=%c3%A4", "a", 1, "ä");
    expect_query("/?a=123456789012345", "a", 1, "123456789012345");
    expect_query("/?a=1234567890123456", "a", -1, NULL);
    expect_query("/?a=%", "a", -1, NULL);
    expect_query("/?a=%2", "a", -1, NULL);
    expect_query("/?a=%2&b=0", "a", -1, NULL);
    expect_query("/?a=%zz", "a", -1, NULL);
    expect_query("/?a=%00", "a", -1, NULL);
    expect_query("/?b=%zz&a=1", "a", 1, "1");
}

static void
expect_number(const char *target, int result, unsigned value)
{
    struct call *call = call_make("GET", target);
    unsigned number = 77;

    if (call_query_number(call, "n", 1, 1000, &number) != result)
        fail_msg("%s", target);
    assert_int_equal(number, value);
    drop(call);
}

static void
test_query_number(void **state)
{
    static const char *const bad[] = {"/?n",
                                      "/?n=",
                                      "/?n=-1",
                                      "/?n=+1",
                                      "/?n=1.0",
                                      "/?n=x",
                                      "/?n=1001",
                                      "/?n=0",
                                      "/?n=%31%",
                                      "/?n=0x1",
                                      "/?n=1%20",
                                      "/?n=4294967297",
                                      "/?n=99999999999999999999999"};

    (void)state;
    expect_number("/", 0, 77);
    expect_number("/?n=1", 0, 1);
    expect_number("/?n=1000", 0, 1000);
    expect_number("/?n=007", 0, 7);
    expect_number("/?n=%31", 0, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_number(bad[i], -1, 77);
}

/* code NULL: expects an object. length -1: strlen. */
static void
expect_object(const char *body, ssize_t length, const char *content_type, int status,
              const char *code)
{
    struct call *call =
        call_new("PUT", "/", body, length < 0 ? strlen(body) : (size_t)length, content_type, NULL);
    json_t *object;

    call->send = carrier_send;
    memset(&sent, 0, sizeof sent);
    object = call_object(call);
    assert_int_equal(object != NULL, code == NULL);
    assert_int_equal(sent.status, status);
    if (code)
        assert_non_null(strstr(sent.body, code));
    else
        drop(call);
    json_decref(object);
}

static void
test_object(void **state)
{
    (void)state;
    expect_object("{\"a\":1}", -1, "application/json", 0, NULL);
    expect_object(" {} ", -1, "APPLICATION/JSON; charset=utf-8", 0, NULL);
    expect_object("{}", -1, NULL, 415, "unsupported_media_type");
    expect_object("{}", -1, "application/jsonp", 415, "unsupported_media_type");
    expect_object("{}", -1, "text/plain", 415, "unsupported_media_type");
    expect_object("", -1, "application/json", 400, "invalid_json");
    expect_object("[]", -1, "application/json", 400, "must be a JSON object");
    expect_object("{\"a\":1,\"a\":2}", -1, "application/json", 400, "duplicate object key");
    expect_object("{\"a\":1\0}", 9, "application/json", 400, "NUL");
    expect_object("{\"password\": \"hidden\" x", -1, "application/json", 400, "line 1, column");
    assert_null(strstr(sent.body, "hidden"));
    expect_object("{\"hidden\":1,\"hidden\":2}", -1, "application/json", 400, "invalid_json");
    assert_null(strstr(sent.body, "hidden"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object),       cmocka_unit_test(test_new),
        cmocka_unit_test(test_reply),        cmocka_unit_test(test_problem),
        cmocka_unit_test(test_problem_text), cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_number)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
